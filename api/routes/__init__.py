"""One module a family of resources; paths under `/api/v1` unless a module says otherwise."""

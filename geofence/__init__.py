"""Pure rules: where a wearer was and what that means. Arrays and instants in, violations out."""

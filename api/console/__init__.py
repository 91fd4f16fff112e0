"""The console: pages that the server writes, as a client of its own API (decision 0020)."""

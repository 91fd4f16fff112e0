"""Load runs: the simulated fleet against an installed system, and what that did and did not bear (docs/load.md)."""

"""Devices, streets, faults, truth and scoring: everything that pretends, and the auditor. Knows only `domain`."""

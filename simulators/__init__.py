"""Devices, streets, faults and the truth. Knows only the wire."""

"""Commands to devices: when a rule asks for one (pure), and how they are sent, answered and given up (docs/commanding.md)."""

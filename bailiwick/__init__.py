"""The composition root: settings, commands and the demo on embedded parts."""

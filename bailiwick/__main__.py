"""``python -m bailiwick``."""

from bailiwick.commands import main

main()

"""The catalogues that ship, one file a language."""

from __future__ import annotations

from importlib import resources

from alerts.wording import Catalogue, check_together, read_catalogue


def shipped_catalogues() -> dict[str, Catalogue]:
    """By language. Raises `alerts.wording.BadCatalogue`, which the tests see to."""
    found = {}
    for file in sorted(resources.files(__name__).iterdir(), key=lambda one: one.name):
        if file.name.endswith(".toml"):
            catalogue = read_catalogue(file.name, file.read_text(encoding="utf-8"))
            found[catalogue.language] = catalogue
    check_together(found)
    return found

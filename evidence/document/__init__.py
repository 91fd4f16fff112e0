"""A breach pack as a document: the same words on screen and on paper (docs/packs.md)."""

"""Exports as the routes see them: those that were asked for, and the folder in which their files lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from domain.exports import MANIFEST
from store.exports import ExportRow, Exports


@dataclass(frozen=True, slots=True)
class AtExports:
    """What exports are asked for and fetched with; made by whoever composes the process."""

    exports: Exports
    folder: Path

    def path(self, row: ExportRow, name: str) -> Path | None:
        """Where a file of an export lies; None for whatever its manifest does not name, and for what is gone.

        A name is looked up, never followed: no way out of the folder can be in it.
        """
        if row.files is None or name not in {MANIFEST, *(file["path"] for file in row.files)}:
            return None
        path = self.folder / str(row.no) / name
        return path if path.is_file() and not path.is_symlink() else None

"""The files that a command is asked to write, looked at before it begins: each a place of its own, and none that it reads."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from domain.errors import BadSetting

STANDARD: Final = "-"
"""In place of a file's name: standard input, or standard output."""


class BadPath(BadSetting):
    """A file that cannot be written, or must not be; the text says which option and why."""


def check_written(written: Mapping[str, Path], read: Mapping[str, Path]) -> None:
    """Raises `BadPath` where a file cannot be written, or is another's or one that is read, by whatever path; `-` is none.

    Both are options and their files. Of what is no regular file (a terminal, `/dev/null`) many may write.
    """
    taken = dict(read)
    for option, path in written.items():
        try:
            _check_place(option, path)
            for other, its in taken.items():
                if _is_same(path, its):
                    raise BadPath(f"{option}: {path}: is the file of {other} too; nothing was written")
        except OSError as error:
            raise BadPath(f"{option}: {path}: {error.strerror}") from None
        except RuntimeError:
            raise BadPath(f"{option}: {path}: a link that leads to itself") from None
        taken[option] = path


@contextmanager
def naming(name: Path | str) -> Iterator[None]:
    """What the system says of a file has its name, which it leaves out where a disk is full."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(name)
        raise


def is_standard(path: Path | None) -> bool:
    """Whether standard input or output is meant."""
    return path is not None and str(path) == STANDARD


def _check_place(option: str, path: Path) -> None:
    if is_standard(path):
        raise BadPath(f"{option}: -: standard output is not taken here: name a file")
    folder = path.resolve().parent
    if path.is_dir():
        raise BadPath(f"{option}: {path}: is a folder, and must be a file")
    if not folder.is_dir():
        raise BadPath(f"{option}: {path}: there is no folder {folder}")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise BadPath(f"{option}: {path}: may not be written")


def _is_same(path: Path, other: Path) -> bool:
    if path.exists() and not path.is_file():
        return False
    return path.resolve() == other.resolve() or (path.exists() and other.exists() and path.samefile(other))

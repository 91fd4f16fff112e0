"""What is said of an export: its manifest, and the sums that hold it against what it was made of (docs/exports.md).

A file is lines. The sum of a line is the first 16 bytes of its SHA-256 as a big-endian number; the sum of a table is that of
its lines modulo 2^128. It does not depend on their order, and anybody can work it out from the files alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Annotated, Final

import msgspec

from domain.errors import BailiwickError

FORMAT: Final = "bailiwick-export"
FORMAT_VERSION: Final = 1
MANIFEST: Final = "manifest.json"
PROTECTED_FOLDER: Final = "protected"
LARGEST_MANIFEST: Final = 64 << 20
"""Bytes: 250,000 files are less."""

EMPTY_SUM: Final = "0" * 32
"""The sum of no lines."""
_MODULUS: Final = 1 << 128

FileName = Annotated[
    str, msgspec.Meta(pattern=r"^(?:protected/)?[a-z][a-z0-9_]{0,62}(?:-[0-9]{6})?\.(?:csv|ndjson)\.gz$")
]
TableName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
Sum = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}$")]
Count = Annotated[int, msgspec.Meta(ge=0)]


class BadExport(BailiwickError):
    """An export that cannot be taken: what is wrong, and with which file."""


class Tally:
    """Rows, and the sum of their lines."""

    __slots__ = ("_sum", "rows")

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0

    def add(self, line: bytes) -> None:
        """One line, without what ends it."""
        self._sum += int.from_bytes(hashlib.sha256(line).digest()[:16], "big")
        self.rows += 1

    def add_all(self, lines: Iterable[bytes]) -> None:
        """Several."""
        for line in lines:
            self.add(line)

    @property
    def sum(self) -> str:
        """32 hexadecimal digits."""
        return f"{self._sum % _MODULUS:032x}"


class ExportedFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file: of which table, how many rows, their sum; its bytes as it lies there, and their SHA-256."""

    path: FileName
    table: TableName
    rows: Count
    sum: Sum
    bytes: Count
    sha256: Digest


class TableSum(msgspec.Struct, frozen=True):
    """All rows of a table that were exported, and which columns they have."""

    rows: Count
    sum: Sum
    columns: list[str] = []


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What an export holds.

    Attributes
    ----------
    kind : `everything`, which can be imported, or `wearer`, which is for people and other systems.
    subject : id of the wearer of a `wearer` export.
    commit : number of the newest commit that is in it, as a string; facts of later ones are not.
    first, last : fix times of its first and last fact, RFC 3339.
    protected : `included`, `left_out` (the folder `protected/`), or `none` where the kind never holds any.
    withheld : rows that were left out because an order does not permit them, or for a protected person's sake; by table.
    migrations : names of those of the schema that it was made of.
    sequences : `table.column` to the last number given out, as strings: 64 bits.
    left_out : tables that are not in it, with why.
    """

    format: str
    version: int
    kind: str
    subject: str | None = None
    made: str
    program: str
    commit: str
    first: str | None = None
    last: str | None = None
    protected: str
    migrations: list[str]
    tables: dict[TableName, TableSum]
    files: list[ExportedFile]
    sequences: dict[str, str] = {}
    left_out: dict[str, str] = {}
    withheld: dict[str, int] = {}

    def as_bytes(self) -> bytes:
        """As it is written: indented, UTF-8, the same for the same."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"

    @property
    def rows(self) -> int:
        """Of all tables."""
        return sum(table.rows for table in self.tables.values())


def sums_of(files: Iterable[ExportedFile]) -> dict[str, tuple[int, str]]:
    """Rows and sum of each table, by name, from its files."""
    rows: dict[str, int] = {}
    sums: dict[str, int] = {}
    for file in files:
        rows[file.table] = rows.get(file.table, 0) + file.rows
        sums[file.table] = sums.get(file.table, 0) + int(file.sum, 16)
    return {table: (rows[table], f"{sums[table] % _MODULUS:032x}") for table in sorted(rows)}


def read_manifest(body: bytes) -> Manifest:
    """The manifest. Raises `BadExport` for what is none, is of a newer format, or does not agree with itself."""
    try:
        said = msgspec.json.decode(body, type=_Head)
        if said.format != FORMAT:
            raise BadExport(f"{MANIFEST}: its format is not {FORMAT}")
        if said.version > FORMAT_VERSION:
            raise BadExport(
                f"{MANIFEST}: format version {said.version} is newer than {FORMAT_VERSION}, which this program reads; "
                "import it with a newer program"
            )
        manifest = msgspec.json.decode(body, type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadExport(f"{MANIFEST}: it is not the manifest of an export: {error}") from None
    paths = [file.path for file in manifest.files]
    if len(set(paths)) != len(paths):
        raise BadExport(f"{MANIFEST}: it names a file twice")
    held = sums_of(manifest.files)
    for name, told in manifest.tables.items():
        if (told.rows, told.sum) != held.pop(name, (0, EMPTY_SUM)):
            raise BadExport(f"{MANIFEST}: the files of {name} do not come to what it says of the table: it was changed")
    if held:
        raise BadExport(f"{MANIFEST}: files of {min(held)}, which is none of its tables: it was changed")
    return manifest


class _Head(msgspec.Struct):
    format: str
    version: int

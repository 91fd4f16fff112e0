"""What a pack's manifest says: every part with its size and SHA-256, where the audit's chain stood, and what was decided by then. Pure.

The manifest is a part as well, inside the document; the signature of the document covers both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Annotated, Final

import msgspec

from domain.errors import BailiwickError

FORMAT: Final = "bailiwick-pack"
FORMAT_VERSION: Final = 1
MANIFEST: Final = "manifest.json"
LARGEST_MANIFEST: Final = 1 << 20
"""Bytes; a pack has a dozen parts."""

Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, msgspec.Meta(ge=0)]
PartName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_-]{0,40}\.(?:ndjson|csv|geojson|json)$")]
Text = Annotated[str, msgspec.Meta(max_length=200)]


class BadManifest(BailiwickError):
    """It is no manifest of a pack, or of a later form than this program reads."""


class ManifestPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One part; ``rows`` without the heading."""

    name: PartName
    media_type: Text
    rows: Count
    bytes: Count
    sha256: Digest


class ChainHead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last link of the audit when the pack was made; its number as text, for it is of 64 bits."""

    entry: Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]{0,18}$")]
    hash: Digest


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole. Instants as RFC 3339; ``decided`` is the newest line that had been decided when the pack was made.

    ``relied``: the violations relied on, as ``id`` and version. ``why_not``: why the decisions cannot be made again from the pack
    alone; empty where they can. ``sealed``: those of ``relied`` for which the annex is needed.
    """

    format: str = FORMAT
    format_version: int = FORMAT_VERSION
    reference: Text
    case: Text
    version: Annotated[int, msgspec.Meta(ge=1)]
    annex: bool
    wearer: Text
    order: Text
    made: Text
    decided: Text
    relied: tuple[tuple[Text, Annotated[int, msgspec.Meta(ge=1)]], ...]
    sealed: tuple[Text, ...] = ()
    why_not: tuple[Text, ...] = ()
    audit: ChainHead | None = None
    parts: tuple[ManifestPart, ...]

    def as_bytes(self) -> bytes:
        """The file, the same for the same manifest."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"


def read_manifest(body: bytes) -> Manifest:
    """The manifest of a file. Raises `BadManifest` with what is wrong."""
    if len(body) > LARGEST_MANIFEST:
        raise BadManifest(f"it has {len(body):,} bytes; at most {LARGEST_MANIFEST:,} are read")
    try:
        found = msgspec.json.decode(body, type=Manifest)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadManifest(str(error)) from None
    if found.format != FORMAT or found.format_version != FORMAT_VERSION:
        raise BadManifest(f"it is of the form {found.format!r}, version {found.format_version}")
    return found


def digest_of(body: bytes) -> str:
    """SHA-256, 64 hexadecimal digits."""
    return hashlib.sha256(body).hexdigest()


def first_fault(manifest: Manifest, parts: Mapping[str, bytes], own: bytes) -> str | None:
    """The first thing in which the parts are not those of the manifest, in words; ``own`` are the manifest's own bytes."""
    if manifest.as_bytes() != own:
        return f"{MANIFEST} is not written as the program writes it: it was changed"
    named = [part.name for part in manifest.parts]
    if len(set(named)) != len(named):
        return f"{MANIFEST} names a part twice"
    return _of_parts(manifest.parts, parts)


def _of_parts(said: Sequence[ManifestPart], parts: Mapping[str, bytes]) -> str | None:
    for part in said:
        body = parts.get(part.name)
        if body is None:
            return f"{part.name} is missing"
        if len(body) != part.bytes:
            return f"{part.name} has {len(body):,} bytes and not {part.bytes:,}: it was changed"
        if digest_of(body) != part.sha256:
            return f"{part.name} was changed: its SHA-256 is {digest_of(body)} and not {part.sha256}"
    extra = sorted(set(parts) - {part.name for part in said} - {MANIFEST})
    return f"{extra[0]} is in the file and {MANIFEST} does not name it" if extra else None

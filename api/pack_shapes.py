"""The JSON of breach packs: what is asked and what is answered."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from api.parts import API_ROOT
from api.permission_shapes import Text
from api.shapes import Shape
from domain.instants import format_instant
from store.packs import OpeningRow, PackRow, RecipientRow

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Email = Annotated[str, Field(pattern=r"^[^@\s]{1,64}@[^@\s]{1,190}$", max_length=254)]


# ---- what is asked ----


class SignatureAsked(Shape):
    """Your name and post under the draft that you read; `read_sha256` is the draft's `sha256` as you read it."""

    name: Text
    post: Text
    organisation: Annotated[str, Field(max_length=200)] = ""
    read_sha256: Digest


class RecipientAsked(Shape):
    """Who gets the pack: by hand, or with `email` a message with its reference and a link, never the file."""

    name: Text
    organisation: Annotated[str, Field(max_length=200)] = ""
    email: Email | None = None


class OpeningAsked(Shape):
    """The direction of a court by which the sealed annex is opened."""

    court: Text
    reference: Text
    directed: date


# ---- what is answered ----


class PackPart(Shape):
    """A file inside the pack; `rows` without the heading."""

    name: str
    what: str
    rows: int
    bytes: int
    href: str


class Checked(Shape):
    """What `verify-report` says of it: `fault` is the first thing that does not hold."""

    holds: bool
    fault: str | None
    held: list[str]
    notes: list[str]
    replayed: list[str]


class Pack(Shape):
    """A version of a pack. `changed`: what differs from the version before. `signature`: how it is sealed; empty: it is not."""

    breach: str
    version: int
    reference: str
    state: Literal["waiting", "making", "draft", "failed", "done"]
    asked: str
    asked_by: str
    changed: list[str]
    made: str | None
    problem: str | None
    signatory: str | None
    post: str | None
    organisation: str | None
    signed: str | None
    signature: str | None
    sha256: str | None
    bytes: int | None
    annex: bool
    checked: Checked | None
    parts: list[PackPart]
    out_of_date: str | None
    superseded: str | None


class PackPage(Shape):
    """A pack's words as a piece of HTML."""

    html: str


class Recipient(Shape):
    """Who got a version, when and how; `state` of the message that tells them."""

    name: str
    organisation: str
    channel: Literal["email", "hand"]
    email: str | None
    given: str
    given_by: str
    state: Literal["waiting", "leased", "sent", "failed", "given"]
    sent: str | None
    why: str | None


class Opening(Shape):
    """When a sealed annex was opened, and by whose direction."""

    court: str
    reference: str
    directed: str
    opened: str
    opened_by: str


class Packs(Shape):
    """The versions of a case's pack, the newest first."""

    items: list[Pack]
    next: None = None


class Recipients(Shape):
    """Who got a version, in the order given."""

    items: list[Recipient]
    next: None = None


class Openings(Shape):
    """The openings of an annex, the oldest first."""

    items: list[Opening]
    next: None = None


def pack_body(row: PackRow) -> dict[str, Any]:
    """`Pack`."""
    at = f"{API_ROOT}/breaches/{row.breach}/packs/{row.version}"
    verdict = row.verdict
    told = ("holds", "fault", "held", "notes", "replayed")
    return {
        "breach": str(row.breach),
        "version": row.version,
        "reference": f"BW-{row.breach}",
        "state": row.state,
        "asked": format_instant(row.asked_us),
        "asked_by": row.asked_by,
        "changed": row.changed,
        "made": _instant(row.made_us),
        "problem": row.problem,
        "signatory": row.signatory,
        "post": row.post,
        "organisation": row.organisation,
        "signed": _instant(row.signed_us),
        "signature": row.signature,
        "sha256": row.sha256,
        "bytes": row.bytes,
        "annex": row.annex_sha256 is not None,
        "checked": None if verdict is None else {name: verdict[name] for name in told},
        "parts": [{**part, "href": f"{at}/parts/{part['name']}"} for part in row.parts or ()],
        "out_of_date": _instant(row.out_of_date_us),
        "superseded": _instant(row.superseded_us),
    }


def recipient_body(row: RecipientRow) -> dict[str, Any]:
    """`Recipient`."""
    who = {"name": row.name, "organisation": row.organisation, "channel": row.channel, "email": row.address}
    given = {"given": format_instant(row.given_us), "given_by": row.given_by}
    return who | given | {"state": row.state, "sent": _instant(row.sent_us), "why": row.why}


def opening_body(row: OpeningRow) -> dict[str, Any]:
    """`Opening`."""
    by = {"court": row.court, "reference": row.reference, "directed": row.directed_on}
    return by | {"opened": format_instant(row.opened_us), "opened_by": row.opened_by}


def _instant(us: int | None) -> str | None:
    return None if us is None else format_instant(us)

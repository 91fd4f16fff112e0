"""Whether a pack holds, from its file alone: the signature, the manifest, every part, the parts against each other, the audit's links,
and the decision made again. The first thing that does not hold is named. Pure but for the signature's library.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import msgspec
from asn1crypto import x509

from domain.audit_chain import Link, Said, body_digest, link_hash
from domain.errors import BadInstant
from domain.instants import format_instant, parse_instant
from evidence.attachments import NoPack, Unreadable, attachments_of
from evidence.files import AUDIT, FACTS, POINTS, UNUSED
from evidence.manifest import MANIFEST, BadManifest, Manifest, digest_of, first_fault, read_manifest
from evidence.replaying import CASELOAD, FEED, replay
from evidence.signing import UNSIGNED, Signed, check
from geofence.wallclock import TimeZones

MOST_FIELD: Final = 1 << 20
"""Characters of a value in a CSV."""


@dataclass(slots=True)
class Verdict:
    """What was found. ``fault``: the first thing that does not hold, in words; None: everything holds.

    ``held`` are the things that hold, in the order in which they were looked at; ``notes`` what the reader must know besides.
    """

    reference: str = ""
    version: int = 0
    sha256: str = ""
    fault: str | None = None
    held: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    signed: Signed | None = None
    replayed: tuple[str, ...] = ()
    annex_needed: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether everything holds."""
        return self.fault is None

    def as_json(self) -> dict[str, Any]:
        """What is printed with ``--json``."""
        signed = self.signed
        by: dict[str, Any] | None = (
            None if signed is None or not signed.by else {"name": signed.by, "sha256": signed.certificate_sha256}
        )
        if by is not None and signed is not None:
            by |= {"at": _text(signed.at), "stamped": _text(signed.stamped), "trusted": signed.trusted}
        told = {"reference": self.reference, "version": self.version, "sha256": self.sha256, "holds": self.holds}
        told |= {"fault": self.fault, "held": self.held, "notes": self.notes, "signed_by": by}
        return told | {"replayed": list(self.replayed), "annex_needed": list(self.annex_needed)}


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def verify(
    document: bytes, zones: TimeZones, trust: Sequence[x509.Certificate] = (), annex: bytes | None = None
) -> Verdict:
    """Check a pack, and with it its annex where that is given. Raises `NoPack` for a file that is none.

    Of one that nobody signed the rest is looked at all the same; that it is not signed is then the fault.
    ``trust``: certificates that the reader trusts; without one, who signed is told and not checked.
    """
    verdict = Verdict(sha256=digest_of(document))
    steps: list[Callable[[], str | None]] = []
    parts: dict[str, bytes] = {}
    beside: dict[str, bytes] = {}

    def opened() -> str | None:
        try:
            parts.update(attachments_of(document))
        except Unreadable as error:
            return str(error)
        if MANIFEST not in parts:
            raise NoPack(f"no {MANIFEST} is in it, and a pack has one")
        return None

    steps = [opened, lambda: _signature(document, trust, verdict)]
    for step in steps:
        verdict.fault = step()
        if verdict.fault is not None and verdict.fault != UNSIGNED:
            if parts and verdict.signed is not None and verdict.signed.changed:
                verdict.fault += f"; {_where_changed(parts)}"
            return verdict
    try:
        manifest = read_manifest(parts[MANIFEST])
    except BadManifest as error:
        verdict.fault = f"{MANIFEST} cannot be read: {error}"
        return verdict
    verdict.reference, verdict.version = manifest.reference, manifest.version
    unsigned, verdict.fault = verdict.fault, None
    if annex is not None:
        verdict.fault = _annex(annex, manifest, trust, beside, is_draft=unsigned is not None)
    for name, look in _looks(manifest, parts, beside, zones, verdict):
        if verdict.fault is not None:
            break
        try:
            verdict.fault = look()
        except Exception as error:  # whatever parts that somebody else wrote make of a reader
            written = f"a part is not written as this program writes it ({type(error).__name__})"
            verdict.fault = f"it cannot be seen whether {name}: {written}"
        if verdict.fault is None:
            verdict.held.append(name)
    verdict.fault = verdict.fault or unsigned
    return verdict


def _where_changed(parts: Mapping[str, bytes]) -> str:
    """Of a document whose signature does not hold: the part that is another, or that none is."""
    try:
        fault = first_fault(read_manifest(parts[MANIFEST]), parts, parts[MANIFEST])
    except BadManifest as error:
        fault = f"{MANIFEST} cannot be read: {error}"
    return fault or "its parts are as the manifest has them, so it is in the pages or around them"


def _signature(document: bytes, trust: Sequence[x509.Certificate], verdict: Verdict) -> str | None:
    verdict.signed = check(document, trust)
    if verdict.signed.fault is not None:
        return verdict.signed.fault
    verdict.held.append("the signature covers the whole file")
    if not trust:
        verdict.notes.append("who signed was not checked: give the certificate that you trust with --trust")
    return None


def _looks(
    manifest: Manifest, parts: Mapping[str, bytes], beside: Mapping[str, bytes], zones: TimeZones, verdict: Verdict
) -> list[tuple[str, Callable[[], str | None]]]:
    return [
        ("every part is as the manifest has it", lambda: first_fault(manifest, parts, parts[MANIFEST])),
        ("the parts agree with each other", lambda: facts_fault(parts)),
        ("the audit's links follow each other", lambda: chain_fault(manifest, parts)),
        ("the decision comes out again", lambda: _replays(manifest, parts, beside, zones, verdict)),
    ]


# ---- the parts against each other ----


def facts_fault(parts: Mapping[str, bytes]) -> str | None:
    """Where the tables do not say what the feed says, in words."""
    missing = [name for name in (FEED, FACTS, POINTS, UNUSED) if name not in parts]
    if missing:
        return f"{missing[0]} is missing"
    said = _said_by_feed(parts[FEED])
    listed = table(parts[FACTS])
    if listed.keys() != said.keys():
        strange = sorted(listed.keys() ^ said.keys())[0]
        return f"the fact {called(strange)} stands in one of {FACTS} and {FEED} alone"
    for key, row in listed.items():
        differing = next((name for name, value in said[key].items() if row[name] != value), None)
        if differing is not None:
            return f"{FACTS} says of the fact {called(key)} another {differing} than {FEED}"
    return _lists_fault(listed, _rows(parts[POINTS]), table(parts[UNUSED]))


_Key = tuple[str, str, str]


def called(key: _Key) -> str:
    """A fact as it is named to people."""
    return f"{key[0]} {key[1]}/{key[2]}"


def _lists_fault(
    listed: Mapping[_Key, Mapping[str, str]], points: Sequence[dict[str, str]], unused: Mapping[_Key, Any]
) -> str | None:
    used: set[_Key] = set()
    for row in points:
        key = (row["device"], row["gen"], row["seq"])
        fact = listed.get(key)
        if fact is None:
            return f"{POINTS} has the fact {called(key)}, which {FACTS} has not"
        if any(row[name] != value for name, value in fact.items()):
            return f"{POINTS} says of the fact {called(key)} another thing than {FACTS}"
        used.add(key)
    both = used & unused.keys()
    if both:
        return f"the fact {called(sorted(both)[0])} stands in {POINTS} and in {UNUSED}"
    lost = listed.keys() - used - unused.keys()
    return f"the fact {called(sorted(lost)[0])} stands in neither {POINTS} nor {UNUSED}" if lost else None


def _rows(body: bytes) -> list[dict[str, str]]:
    csv.field_size_limit(MOST_FIELD)
    return list(csv.DictReader(io.StringIO(body.decode())))


def table(body: bytes) -> dict[_Key, dict[str, str]]:
    """The rows of a CSV by the fact (device, gen, seq) that each is about."""
    return {(row["device"], row["gen"], row["seq"]): row for row in _rows(body)}


_OF_FIX: Final = {"lat": "latitude", "lon": "longitude", "acc": "accuracy_m", "src": "source"}
_OF_FIX_MAYBE: Final = {
    "spd": "speed_ms",
    "hdg": "heading_deg",
    "bat": "battery_percent",
    "hdop": "hdop",
    "sats": "satellites",
}


def _said_by_feed(body: bytes) -> dict[_Key, dict[str, str]]:
    found: dict[_Key, dict[str, str]] = {}
    for line in body.splitlines():
        told = msgspec.json.decode(line)
        if "received" not in told:
            continue
        envelope = told["envelope"]
        for fix in envelope.get("fixes", ()):
            says = {column: str(fix[name]) for name, column in _OF_FIX.items()}
            says |= {column: str(fix.get(name, "")) for name, column in _OF_FIX_MAYBE.items()}
            found[_key(told, fix)] = _when(told, fix) | says | {"fact": "fix"}
        for event in envelope.get("events", ()):
            says = {"event": event["code"], "state": event["state"], "fact": "event"}
            found[_key(told, event)] = _when(told, event) | says
    return found


def _key(told: dict[str, Any], item: dict[str, Any]) -> _Key:
    return told["device"], str(told["envelope"]["gen"]), str(item["seq"])


def _when(told: dict[str, Any], item: dict[str, Any]) -> dict[str, str]:
    return {"fix_time": format_instant(item["t"] * 1000), "receive_time": told["received"]}


# ---- the audit ----


def chain_fault(manifest: Manifest, parts: Mapping[str, bytes]) -> str | None:
    """The first link that does not follow the one before it, or does not hold what it says, in words."""
    if AUDIT not in parts:
        return f"{AUDIT} is missing"
    links = links_of(parts[AUDIT])
    if manifest.audit is None:
        return f"{AUDIT} has links, and {MANIFEST} names none" if links else None
    before: Link | None = None
    for link, said in links:
        fault = _link_fault(before, link, said)
        if fault is not None:
            return f"{AUDIT}: {fault}"
        before = link
    if before is None or (str(before.no), before.hash.hex()) != (manifest.audit.entry, manifest.audit.hash):
        return f"{AUDIT} does not end with the entry that {MANIFEST} names"
    return None


def links_of(body: bytes) -> list[tuple[Link, Said | None]]:
    """The links of the audit in a pack. Raises what a file that is another raises."""
    return [_link(msgspec.json.decode(line)) for line in body.splitlines()]


def _link(told: dict[str, Any]) -> tuple[Link, Said | None]:
    hashes = (bytes.fromhex(told[name]) for name in ("digest", "previous", "hash"))
    link = Link(int(told["entry"]), int(told["at_us"]), int(told["body_no"]), *hashes)
    return link, Said(link.at_us, bytes.fromhex(told["salt"]), told["body"]) if "body" in told else None


def _link_fault(before: Link | None, link: Link, said: Said | None) -> str | None:
    if link.hash != link_hash(link.no, link.at_us, link.digest, link.previous):
        return f"entry {link.no} was changed: its hash is not that of its number, instant, digest and `previous`"
    if before is not None and (link.no != before.no + 1 or link.previous != before.hash):
        return f"entry {link.no} does not follow entry {before.no}"
    if said is not None and body_digest(said.salt, said.text) != link.digest:
        return f"the body of entry {link.no} was changed: its digest is another"
    return None


# ---- the decision ----


def _replays(
    manifest: Manifest, parts: Mapping[str, bytes], beside: Mapping[str, bytes], zones: TimeZones, verdict: Verdict
) -> str | None:
    if manifest.why_not:
        verdict.notes.append(f"the decision cannot be made again: {'; '.join(manifest.why_not)}")
        return None
    hidden = [one for one in manifest.relied if one[0] in manifest.sealed]
    relied = [one for one in manifest.relied if one not in hidden]
    verdict.annex_needed = () if beside else tuple(name for name, _ in hidden)
    if verdict.annex_needed:
        verdict.notes.append(f"needs the sealed annex: {', '.join(verdict.annex_needed)}")
    try:
        until_us = parse_instant(manifest.decided)
    except BadInstant as bad:
        return f"{MANIFEST} says when it was decided wrongly: {bad}"
    if CASELOAD not in parts:
        return f"{CASELOAD} is missing"
    for source, which in ((parts, relied), (beside, hidden)):
        if not which or not source:
            continue
        done = replay(source, which, until_us, zones)
        verdict.replayed += done.found
        if done.silent:
            silent = ", ".join(done.silent)
            verdict.notes.append(f"they say what was not known of the whole fleet, and stand as written: {silent}")
        if done.fault is not None:
            return done.fault
    return None


def _annex(
    annex: bytes, manifest: Manifest, trust: Sequence[x509.Certificate], beside: dict[str, bytes], *, is_draft: bool
) -> str | None:
    """What is wrong with an annex, in words; else its parts are put into ``beside``. That of a draft is signed as little as the draft."""
    signed = check(annex, trust)
    if signed.fault is not None and not (is_draft and signed.fault == UNSIGNED):
        return f"the annex: {signed.fault}"
    try:
        parts = attachments_of(annex)
        own = read_manifest(parts[MANIFEST])
    except (NoPack, Unreadable, BadManifest, KeyError) as error:
        return f"the annex cannot be read: {error}"
    if not own.annex or (own.case, own.version, own.relied) != (manifest.case, manifest.version, manifest.relied):
        return "the annex is not that of this pack"
    fault = first_fault(own, parts, parts[MANIFEST])
    if fault is not None:
        return f"the annex: {fault}"
    beside.update(parts)
    return None

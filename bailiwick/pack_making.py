"""A breach pack made: gathered, filled, typeset, signed, and checked as anybody else would check it before it is kept."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Any, Final

from bailiwick.export_command import program
from bailiwick.pack_gathering import Brought, CannotGather, Wanted, gather
from bailiwick.timezones import PinnedTimeZones
from domain.errors import BailiwickError
from domain.instants import DAY_US, SECOND_US
from domain.violations import Violation
from domain.vocabulary import Kind, Role
from evidence.content import Attachment, Contact, Embedded, Pack, Reliability, Signatory
from evidence.content import Versions as SaidVersions
from evidence.files import JSON, WHAT, File, Told, files_of, manifest_of
from evidence.filling import CaseSaid, Filled, fill
from evidence.gathered import Gathered, Taken
from evidence.manifest import MANIFEST, digest_of
from evidence.routes import Routes
from evidence.signing import UNSIGNED, SigningKey, sign
from evidence.verifying import Verdict, verify
from evidence.versions import basis_of, changes, digest, with_points
from store.breaches import Breaches, Case
from store.pack_sources import PackSources, PrecisionRow
from store.packs import Before, Claimed, MadePack

LIBRARIES: Final = ("numpy", "shapely", "numba", "convertbng", "typst", "pyhanko", "tzdata")
"""What decides, draws and signs."""
PRECISION_US: Final = 365 * DAY_US
"""Over what time the measured reliability of a kind of alert is taken."""
REASON: Final = "Breach pack"
STATEMENT: Final = (
    "I have read this pack. The records, facts and decisions in it are those that the system held when it was made.",
    "I have not changed any of them, and I know of nothing else that bears on what is relied on and is not listed as unused.",
)
"""What the signatory says; a centre's own words go into the file of routes' templates when it has them."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Typeset = Callable[[Pack], bytes]
Page = Callable[[Pack], str]


class CannotMake(BailiwickError):
    """The pack cannot be made; what to do is in the words."""


@dataclass(frozen=True, slots=True)
class Making:
    """What packs are made with. ``key`` None: they are not signed, and say so."""

    sources: PackSources
    breaches: Breaches
    routes: Routes
    zones: PinnedTimeZones
    typeset: Typeset
    page: Page
    key: SigningKey | None = None
    kept_days: int = 730


async def make(making: Making, claimed: Claimed, before: Before | None, now_us: int) -> MadePack:
    """One pack, which says what differs from the one ``before``. Raises `CannotMake` and `CannotGather` with what to do, and what the
    database raises.
    """
    wanted = Wanted(claimed.breach, claimed.version, claimed.asked_us, now_us, making.kept_days)
    brought = await gather(making.sources, making.breaches, wanted, making.zones)
    kinds = sorted({one.kind for one in brought.pack.violations}, key=str)
    precision = await making.sources.precision([kind.value for kind in kinds], now_us - PRECISION_US, now_us)
    told = _told(making, claimed, brought, precision, now_us)
    if before is not None:
        now = basis_now(brought.case, brought.pack.violations, brought.pack.taken)
        said = changes(before.basis, now, await making.sources.late_facts(before.no))
        told = replace(told, changed=tuple(said), replaces=before.version)
    return await asyncio.to_thread(_made, making, claimed, brought, told)


def _made(making: Making, claimed: Claimed, brought: Brought, told: CaseSaid) -> MadePack:
    signs = claimed.signatory is not None
    document, filled, files = _document(making, brought.pack, told, signs=signs)
    annex = None
    if brought.annex is not None:
        annex, _, _ = _document(making, brought.annex, told, signs=signs, annex=True)
    verdict = verify(document, making.zones, annex=annex)
    if not verdict.holds and not (verdict.fault == UNSIGNED and (making.key is None or not signs)):
        raise CannotMake(f"the pack does not hold, and is not given out: {verdict.fault}")
    basis = _basis(brought, filled)
    return MadePack(
        document=document,
        sha256=digest_of(document),
        pages=making.page(filled.with_files(_attached(files))),
        signature=making.key.described() if making.key is not None and signs else "",
        basis=basis,
        basis_sha256=digest(basis),
        verdict=verdict_json(verdict),
        parts=[{"name": one.name, "what": one.what, "rows": one.rows, "bytes": len(one.body)} for one in files],
        annex=annex,
        annex_sha256=None if annex is None else digest_of(annex),
        changed=told.changed,
    )


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """What the database keeps of a check."""
    return verdict.as_json()


def _document(
    making: Making, found: Gathered, told: CaseSaid, *, signs: bool, annex: bool = False
) -> tuple[bytes, Filled, list[File]]:
    filled = fill(found, told, making.zones, annex=annex)
    files = files_of(found, Told(filled.points, _versions_file(making)), annex=annex)
    manifest = manifest_of(found, files, annex=annex)
    files = [*files, File(MANIFEST, JSON, manifest.as_bytes(), len(files))]
    document = making.typeset(filled.with_files(_attached(files)))
    if making.key is None or not signs:
        return document, filled, files
    at = _EPOCH + timedelta(seconds=found.made_us // SECOND_US)
    wrong = making.key.wrong_at(at)
    if wrong is not None:
        raise CannotMake(f"the signing key does not serve: {wrong}; set another with BAILIWICK_SIGNING_KEY")
    return sign(document, making.key, f"{REASON} {found.reference} version {found.version}"), filled, files


def _attached(files: Sequence[File]) -> list[Attachment]:
    return [
        Attachment(
            one.name,
            WHAT[one.name],
            one.media_type,
            digest_of(one.body),
            one.body,
            one.rows,
            Embedded.SUPPLEMENT if one.name == MANIFEST else Embedded.DATA,
        )
        for one in files
    ]


def basis_now(case: Case, violations: Sequence[Violation], taken: Sequence[Taken]) -> dict[str, Any]:
    """What a pack of a case would rest on as all of it stands now, but for the points. A draft of the officer's is in no pack."""
    relied = [(one.chosen.violation, one.chosen.version) for one in case.chosen if one.chosen.relied]
    return basis_of(violations, taken, relied, max((one.version for one in case.narratives if one.ready), default=0))


def _basis(brought: Brought, filled: Filled) -> dict[str, Any]:
    found = brought.pack
    basis = basis_now(brought.case, found.violations, found.taken)
    quality = dict(zip(found.heard.ids(), found.heard.quality.tolist(), strict=True))
    return with_points(basis, [(point.id, quality[point.id]) for point in filled.points])


# ---- what is said ----


def _told(
    making: Making, claimed: Claimed, brought: Brought, precision: Sequence[PrecisionRow], now_us: int
) -> CaseSaid:
    case = brought.case
    route = making.routes.of_case(case.row.route, case.row.order_kind, case.row.made_us)
    ready = [one for one in case.narratives if one.ready]
    narrative = ready[-1] if ready else None
    told = {one.chosen.violation: one.chosen.told_how for one in case.chosen if one.chosen.told_how}
    signs = claimed.signatory is not None
    return CaseSaid(
        to_whom="The court" if route is None else route.recipient,
        narrative="" if narrative is None else narrative.text,
        narrative_by="" if narrative is None else narrative.made_by,
        told=told,
        signatory=_signatory(claimed),
        statement=STATEMENT,
        signing=_signing(making.key, signs),
        contacts=tuple(_contact(row) for row in brought.contacts),
        reliability=tuple(
            Reliability(Kind(row.kind), row.model, row.confirmed, row.decided, now_us - PRECISION_US, now_us)
            for row in precision
            if row.kind in {kind.value for kind in Kind}
        ),
        versions=SaidVersions(program(), program(), making.zones.version, _libraries()),
    )


def _signatory(claimed: Claimed) -> Signatory | None:
    if claimed.signatory is None:
        return None
    return Signatory(claimed.signatory, claimed.post or "", claimed.organisation or "", claimed.signed_us)


def _signing(key: SigningKey | None, signs: bool) -> str:
    if not signs:
        return "A draft: nobody has signed it, and it is not to be given to anybody"
    if key is None:
        return "Not signed: this centre has set no signing key, and nothing shows that the file was not changed"
    return key.described()


def _contact(row: Any) -> Contact:
    way = "from the wearer" if row.inbound else "to the wearer"
    answered = "" if row.answered is None else ", answered" if row.answered else ", not answered"
    return Contact(row.at_us, f"{row.by} ({_role(row.role)})", f"{row.channel} {way}{answered}", row.said)


def _role(name: str) -> str:
    return Role(name).value.replace("_", " ")


def _libraries() -> tuple[tuple[str, str], ...]:
    return (("Python", platform.python_version()), *((name, version(name)) for name in LIBRARIES))


def _versions_file(making: Making) -> dict[str, Any]:
    libraries = dict(_libraries())
    return {"software": program(), "rules": program(), "time_zones": making.zones.version, "libraries": libraries}


__all__ = ["CannotGather", "CannotMake", "Making", "make"]

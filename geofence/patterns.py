"""`pattern_near_zone` (rules.md 4): the third transit or buffer entry of one zone in 7 days, a warning."""

from __future__ import annotations

from collections.abc import Sequence

from domain.instants import DAY_US
from domain.vocabulary import Kind
from geofence.drafts import Draft
from geofence.intervals import Span

PATTERN_US = 7 * DAY_US
PATTERN_ENTRIES = 3


def judge_pattern(drafts: Sequence[Draft], enforced: Sequence[Span], told_us: int) -> list[Draft]:
    """The patterns among what one zone condition came out as; each is the instant of its third entry.

    A pattern begins when the entries of the 7 days up to an instant, itself included, become three; a fourth goes on
    with it. Nothing is entered where enforcement begins with the wearer there, or when a violation of the zone gives way
    to its buffer; and what was before the wearer was told (``told_us``) counts against nobody.
    """
    given = {start for start, _ in enforced}
    given |= {draft.to_us for draft in drafts if draft.kind is Kind.EXCLUSION_ZONE and draft.to_us is not None}
    near = [draft for draft in drafts if draft.kind in (Kind.ZONE_TRANSIT, Kind.ZONE_BUFFER)]
    near = [draft for draft in near if draft.from_us >= told_us]
    entries = sorted(
        (draft for draft in near if draft.kind is Kind.ZONE_TRANSIT or draft.from_us not in given),
        key=lambda draft: draft.from_us,
    )
    found = []
    for k in range(PATTERN_ENTRIES - 1, len(entries)):
        third = entries[k]
        first = k - PATTERN_ENTRIES + 1
        within = entries[first].from_us > third.from_us - PATTERN_US
        fourth = first > 0 and entries[first - 1].from_us > third.from_us - PATTERN_US
        if within and not fourth:
            proofs = sorted({draft.proofs[0] for draft in entries[first : k + 1]})
            found.append(Draft(Kind.PATTERN_NEAR_ZONE, -1, third.from_us, third.from_us, proofs, opened=third.opened))
    return found

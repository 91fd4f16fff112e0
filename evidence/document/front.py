"""The first pages: whose pack it is, what changed, the summary, the statement, the person, the order and its conditions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from domain.instants import MINUTE_US
from evidence.content import ConditionVersion, OrderVersion, Pack, Signatory
from evidence.document.blocks import Block, Facts, Figure, Inset, Items, Paragraph, Signature, Subhead
from evidence.document.condition_words import condition_name, condition_sentences, order_facts, order_name, order_phrase
from evidence.document.drawn import Drawn
from evidence.document.maps import Map
from evidence.document.times import calendar_day, length, local, local_day
from evidence.document.words import counted, kind_words, language_words, listed

NOT_RECORDED = "not recorded"


def title_of(pack: Pack) -> str:
    """What the document is called."""
    return f"{'Sealed annex to a breach pack' if pack.annex else 'Breach pack'} {pack.reference}"


def opening(pack: Pack) -> Iterator[Block]:
    """The first page, above the contents."""
    order = pack.orders[-1].order if pack.orders else None
    yield Facts(
        (
            ("Reference", pack.reference),
            ("Version", str(pack.version)),
            ("For", pack.to_whom),
            ("Device wearer", f"{pack.about.name or NOT_RECORDED} ({pack.about.id})"),
            ("Order", order_name(order) if order else NOT_RECORDED),
            ("Covers", covers_words(pack)),
            ("Made", f"{local(pack.made_us, pack.zone)}, by the records as they stood then"),
            (
                "Times",
                f"By the clock of {pack.zone.name}. Where it was not that of UTC, how far ahead stands beside the time.",
            ),
            *((("Signed", pack.signing),) if pack.signing else ()),
        )
    )
    if pack.annex:
        yield Inset(
            "Sealed", ("Not to be given to the device wearer or to anybody else without a direction of the court.",)
        )
    if pack.changed:
        said = tuple(f"{one.what}{f' ({one.where})' if one.where else ''}" for one in pack.changed)
        yield Inset(f"What changed since version {pack.replaces}, which this version replaces", said)


def covers_words(pack: Pack) -> str:
    """``1 Nov 2026, 09:00 to 1 Dec 2026, 00:00``."""
    end = pack.covers.to_us if pack.covers.to_us is not None else pack.made_us
    return f"{local(pack.covers.from_us, pack.zone, seconds=False)} to {local(end, pack.zone, seconds=False)}"


def summary(pack: Pack) -> Iterator[Block]:
    """What the pack says, in plain words; then the officer's own."""
    for sentence in (_who(pack), _relied(pack), *_minutes(pack), _left_out(pack), _gaps(pack)):
        if sentence:
            yield Paragraph(sentence)
    yield Paragraph(
        "The centre's equipment says where a device was, and how surely. It does not say why, and it decides nothing about guilt. "
        "What it does not know is set out, numbered, in its own section."
    )
    if pack.narrative:
        yield Subhead("", f"In the officer's words{f' (written by {pack.narrative_by})' if pack.narrative_by else ''}")
        yield from (Paragraph(text) for text in pack.narrative)


def _who(pack: Pack) -> str:
    order = pack.orders[-1].order if pack.orders else None
    subject = f"This pack is about {pack.about.name or pack.about.id}"
    if order is None:
        return f"{subject}."
    ends = f"until {local_day(order.to_us, pack.zone)}" if order.to_us is not None else "with no end set"
    begins = local_day(order.from_us, pack.zone)
    return f"{subject}, who is subject to {order_phrase(order)} from {begins} {ends}."


def _relied(pack: Pack) -> str:
    if not pack.relied:
        return "No violation is relied on."
    kinds = Counter(kind_words(one.current) for one in pack.relied)
    starts = [one.current.from_us for one in pack.relied]
    first, last = local_day(min(starts), pack.zone), local_day(max(starts), pack.zone)
    when = f"on {first}" if first == last else f"between {first} and {last}"
    said = [f"{count:,} × {words[:1].lower() + words[1:]}" for words, count in kinds.most_common()]
    return f"It relies on {counted(len(pack.relied), 'violation')} {when}: {listed(said)}."


def _minutes(pack: Pack) -> Iterator[str]:
    timed = [one.current for one in pack.relied if one.current.minutes_certain is not None]
    if timed:
        certain = sum(one.minutes_certain or 0.0 for one in timed)
        possible = sum(one.minutes_possible or one.minutes_certain or 0.0 for one in timed)
        yield (
            f"The time was measured for {len(timed):,} of them: {_hours(certain)} for certain, and at most {_hours(possible)} if all that is "
            "not known in between is counted."
        )


def _hours(minutes: float) -> str:
    return length(round(minutes * MINUTE_US))


def _left_out(pack: Pack) -> str:
    if not pack.left_out:
        return "No other violation of this order was recorded in that time."
    count = len(pack.left_out)
    verb = (
        "was recorded and is not relied on; it stands"
        if count == 1
        else "were recorded and are not relied on; they stand"
    )
    return f"{counted(count, 'other violation')} {verb} in the list of what is left out, with why."


def _gaps(pack: Pack) -> str:
    if not pack.gaps:
        return "No monitoring gap was recorded in that time."
    if len(pack.gaps) == 1:
        return "There was one monitoring gap, which is listed. It counts against nobody."
    return f"There were {len(pack.gaps):,} monitoring gaps, which are listed. They count against nobody."


def statement(pack: Pack) -> Iterator[Block]:
    """The statement page, with its signatory and the line to sign on."""
    yield from (Paragraph(text) for text in pack.statement)
    signatory = pack.signatory or Signatory("", "")
    when = local(signatory.at_us, pack.zone) if signatory.at_us is not None else ""
    yield Signature(
        (
            ("Name", signatory.name),
            ("Post", signatory.post),
            ("Organisation", signatory.organisation),
            ("Signature", ""),
            ("Date", when),
        )
    )
    if not pack.signatory:
        yield Inset(
            "Not signed", ("Nobody has put their name to this version. It must not be relied on as a statement.",)
        )
    if pack.signing:
        yield Paragraph(f"The file itself: {pack.signing}")


def person(pack: Pack) -> Iterator[Block]:
    """The device wearer."""
    about = pack.about
    yield Facts(
        (
            ("Name", about.name or NOT_RECORDED),
            ("Reference", about.id),
            ("Born", calendar_day(about.born) if about.born else NOT_RECORDED),
            *about.identifiers,
            ("Language", language_words(about.language)),
            ("Needs", ", ".join(about.needs) or "none recorded"),
            ("Responsible adult", about.responsible_adult or "none recorded"),
        )
    )
    if pack.people:
        yield Subhead("", "People of the order")
        yield Facts(tuple((p.role, ", ".join(filter(None, (p.name, p.organisation, p.contact)))) for p in pack.people))


def orders(pack: Pack) -> Iterator[Block]:
    """The order, each of its versions."""
    for i, version in enumerate(pack.orders):
        yield Subhead("", f"{order_name(version.order)}, version {i + 1}{', cancelled' if version.cancelled else ''}")
        yield Facts((*order_facts(version.order, pack.zone), *_two_times(version, pack)))
    if not pack.orders:
        yield Paragraph("The order is not in the records.")


def conditions(pack: Pack, drawn: Drawn) -> Iterator[Block]:
    """Each condition in force, with its versions, in plain words; a zone is drawn whole."""
    counts = Counter(version.condition.id for version in pack.conditions)
    nth: Counter[str] = Counter()
    for i, version in enumerate(pack.conditions):
        condition = version.condition
        nth[condition.id] += 1
        which = f", version {nth[condition.id]} of {counts[condition.id]}" if counts[condition.id] > 1 else ""
        yield Subhead("", f"{condition_name(condition)}{which}{', cancelled' if version.cancelled else ''}")
        yield Items(tuple(condition_sentences(condition, sealed=version.sealed, zone_name=version.zone_name)))
        rows = [("Reference", condition.id), *_two_times(version, pack)]
        if condition.from_us is not None or condition.to_us is not None:
            rows.insert(1, ("Within the order", _cut(version, pack)))
        yield Facts(tuple(rows))
        if i in drawn.plans:
            numbered = drawn.plans[i]
            yield map_figure(numbered.number, numbered.map, f"{condition_name(condition)}, the whole of it.")
    if not pack.conditions:
        yield Paragraph("No condition is in the records.")


def map_figure(which: int, drawn: Map, caption: str) -> Figure:
    """A map with its number, and the points that it has no room to number."""
    missing = f" No room for the numbers {ranges(drawn.unnumbered)}." if drawn.unnumbered else ""
    return Figure(
        drawn.layers,
        f"Map {which}. {drawn.words}{missing}",
        f"Map {which}. {caption} 1:{drawn.scale:,} on paper, north up, without a base map.{missing}",
        174.0,
        drawn.height_mm,
    )


def ranges(numbers: tuple[int, ...]) -> str:
    """``3, 7 to 9``."""
    runs: list[list[int]] = []
    for one in numbers:
        if runs and one == runs[-1][-1] + 1:
            runs[-1].append(one)
        else:
            runs.append([one])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)


def _two_times(version: OrderVersion | ConditionVersion, pack: Pack) -> Iterator[tuple[str, str]]:
    """From when it holds, when it was learnt, when and how the wearer was told."""
    from_start = "from the start"
    yield "Holds", from_start if version.holds_from_us is None else f"from {local(version.holds_from_us, pack.zone)}"
    yield (
        "Known to the centre",
        from_start if version.learnt_us is None else f"since {local(version.learnt_us, pack.zone)}",
    )
    told = (
        "no record of the wearer having been told"
        if version.told_at_us is None
        else local(version.told_at_us, pack.zone)
    )
    yield "Wearer told", f"{told}{f', {version.told_how}' if version.told_how else ''}"


def _cut(version: ConditionVersion, pack: Pack) -> str:
    condition = version.condition
    begins = "its beginning" if condition.from_us is None else local(condition.from_us, pack.zone, seconds=False)
    ends = "its end" if condition.to_us is None else local(condition.to_us, pack.zone, seconds=False)
    return f"from {begins} to {ends}"

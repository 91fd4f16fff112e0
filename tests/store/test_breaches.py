"""Breach cases as real databases keep them: nothing edited, one revision a change, marked as long as anything rests on them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from access.grants import Deed
from domain.breaches import BreachStep, Chosen, DatedStep, standing
from domain.callers import Caller, Sight
from domain.instants import DAY_US, HOUR_US, MINUTE_US
from domain.records import Assessment, Order, Version
from domain.vocabulary import AssessmentDecision, Change, OrderKind, Role
from store.audit import Entry, entry_of
from store.breaches import Breaches, CaseFilter, NewCase, NoLongerSo, OrderCounts
from store.breaches import Change as CaseChange
from store.connecting import open_pool
from store.errors import Refused
from store.times import Connection
from tests.store.alert_making import Made, alerts_at
from tests.store.made import NOON, ask, violation_of

pytestmark = [pytest.mark.real, pytest.mark.slow]
DEE = Caller("dee", Role.OFFICER, frozenset({"kent"}))
EVERYTHING = Sight(everything=True)
ORDER = Order(
    "O1", "W1", OrderKind.COMMUNITY, NOON - DAY_US, area="kent", officer={"name": "Dee", "email": "Dee@x.test"}
)


async def nothing(conn: Connection) -> None:
    """Nothing is noted."""


def entry(at_us: int = NOON) -> Entry:
    return entry_of(DEE, at_us, Deed.WRITE_ASSESSMENTS, "wearer", ["W1"])


def dated(step: BreachStep, at_us: int | None, **more: object) -> DatedStep:
    told: dict[str, object] = {"no": 0, "result": None, "note": "", "corrects": None, "why": ""}
    return DatedStep(step=step, at_us=at_us, **(told | {"made_us": NOON, "made_by": "dee"} | more))


@dataclass
class There:
    made: Made
    breaches: Breaches
    url: str

    async def opened(self, *chosen: Chosen) -> int:
        order = await self.breaches.order("O1", EVERYTHING)
        assert order is not None
        steps = (dated(BreachStep.IDENTIFIED, NOON),)
        new = NewCase(order, "community", "identified", steps, chosen or (RELIED, LEFT), "He was out.")
        return await self.breaches.open_case(new, "dee", NOON, entry(), nothing)

    def resting(self) -> list[tuple[object, ...]]:
        return ask(self.url, "SELECT violation_id FROM rests_on WHERE kind = 'breach' AND ended_at IS NULL ORDER BY 1")


RELIED = Chosen("W1-1", 1, relied=True)
LEFT = Chosen("W1-2", 1, relied=False, why="reasonable excuse")


@pytest.fixture
async def there(database_url: str) -> AsyncIterator[There]:
    async with alerts_at(database_url, Version(ORDER)) as made, await open_pool(database_url) as pool:
        await made.commit([violation_of("W1-1"), violation_of("W1-2", from_us=NOON + MINUTE_US)], changes=[])
        found = AssessmentDecision.UPHELD
        await made.learn(Version(Assessment("B1", "W1-1", found, "dee", NOON, "seen")))
        yield There(made, Breaches(pool), database_url)


async def test_a_case_is_kept_as_it_was_recorded(there: There) -> None:
    no = await there.opened()
    case = await there.breaches.case(no, EVERYTHING)
    assert case is not None
    row = case.row
    assert (row.order, row.order_kind, row.wearer, row.area, row.revision) == (
        "O1",
        OrderKind.COMMUNITY,
        "W1",
        "kent",
        1,
    )
    assert [(one.step, one.at_us, one.made_by) for one in row.steps] == [(BreachStep.IDENTIFIED, NOON, "dee")]
    assert [one.chosen for one in case.chosen] == [RELIED, LEFT]
    assert [(one.newest, one.withdrawn) for one in case.chosen] == [(1, False), (1, False)]
    assert case.chosen[0].decided is not None
    assert case.chosen[0].decided.decision is AssessmentDecision.UPHELD
    assert [(one.version, one.text, one.ready) for one in case.narratives] == [(1, "He was out.", False)]
    assert there.resting() == [("W1-1",)]
    assert ask(there.url, "SELECT body -> 'details' ->> 'breach' FROM audit_bodies") == [(str(no),)]

    change = CaseChange(no, 1, "pack_requested", None, "dee", NOON, ("W1-1",))
    asked = dated(BreachStep.PACK_REQUESTED, NOON + HOUR_US)
    assert await there.breaches.add_step(change, asked, entry(), nothing)
    assert not await there.breaches.add_step(change, asked, entry(), nothing), "of an older revision"
    (row,) = await there.breaches.cases(EVERYTHING, CaseFilter(order="O1", status="pack_requested", open=True), None, 9)
    wrong = row.steps[-1]
    mended = dated(BreachStep.PACK_REQUESTED, NOON + 2 * HOUR_US, corrects=wrong.no, why="an hour late")
    assert await there.breaches.add_step(replace(change, revision=2), mended, entry(), nothing)
    (row,) = await there.breaches.cases(EVERYTHING, CaseFilter(wearer="W1"), None, 9)
    assert (len(row.steps), [one.at_us for one in standing(row.steps)]) == (3, [NOON, NOON + 2 * HOUR_US])
    with pytest.raises(Refused):
        await there.breaches.add_step(replace(change, revision=3), mended, entry(), nothing)
    assert await there.breaches.narrate(replace(change, revision=3), "He was out all night.", True, entry(), nothing)
    again = await there.breaches.case(no, EVERYTHING)
    assert again is not None
    assert [(one.version, one.ready) for one in again.narratives] == [(1, False), (2, True)]
    assert again.row.revision == 4


async def test_a_case_rests_on_what_it_relies_on_and_on_nothing_after(there: There) -> None:
    no = await there.opened()
    both = (RELIED, replace(LEFT, relied=True, why=""))
    change = CaseChange(no, 1, "identified", None, "dee", NOON, ("W1-1", "W1-2"))
    assert await there.breaches.choose(change, both, entry(), nothing)
    assert there.resting() == [("W1-1",), ("W1-2",)]
    assert await there.breaches.choose(replace(change, revision=2, rests_on=("W1-2",)), both[1:], entry(), nothing)
    assert there.resting() == [("W1-2",)]
    case = await there.breaches.case(no, EVERYTHING)
    assert case is not None
    assert (case.choice, [one.chosen.violation for one in case.chosen]) == (3, ["W1-2"])
    over = replace(change, revision=3, status="withdrawn", ended_us=NOON, rests_on=())
    assert await there.breaches.add_step(over, dated(BreachStep.RESULT, NOON, result="withdrawn"), entry(), nothing)
    assert there.resting() == []
    assert await there.breaches.cases(EVERYTHING, CaseFilter(open=True), None, 9) == []
    undone = dated(
        BreachStep.RESULT, None, corrects=ask(there.url, "SELECT max(step_no) FROM breach_steps")[0][0], why="no"
    )
    back = replace(change, revision=4, rests_on=("W1-2",))
    assert await there.breaches.add_step(back, undone, entry(), nothing)
    assert there.resting() == [("W1-2",)], "it goes on, and rests on it again"


async def test_what_has_changed_since_it_was_seen_is_not_relied_on(there: There) -> None:
    await there.made.commit([violation_of("W1-1", 2, change=Change.WITHDRAWN)], changes=[])
    with pytest.raises(NoLongerSo) as refused:
        await there.opened()
    assert refused.value.violations == ["W1-1"]
    with pytest.raises(NoLongerSo):
        await there.opened(replace(RELIED, version=2))
    assert ask(there.url, "SELECT count(*) FROM breaches") == [(0,)]
    assert there.resting() == []
    left = await there.breaches.violations_of("O1", EVERYTHING)
    assert [(one.violation.id, one.decided) for one in left] == [("W1-2", None)]


async def test_who_does_not_see_the_wearer_sees_no_case_and_an_officer_has_their_orders(there: There) -> None:
    no = await there.opened()
    nobody, kent = Sight(areas=frozenset({"essex"})), Sight(email="dee@x.test")
    assert await there.breaches.case(no, nobody) is None
    assert await there.breaches.order("O1", nobody) is None
    assert await there.breaches.violations_of("O1", nobody) == []
    (mine,) = await there.breaches.caseload(
        kent, "dee@x.test", ["exclusion_zone"], NOON, NOON - DAY_US, after=None, limit=9
    )
    assert (mine.id, mine.cases, mine.counts) == ("O1", [no], OrderCounts(to_assess=1, upheld=1))
    assert await there.breaches.caseload(kent, "eve@x.test", [], NOON, 0, after=None, limit=9) == []
    assert (await there.breaches.case(no, kent)) is not None

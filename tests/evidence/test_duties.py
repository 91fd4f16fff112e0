"""What protected people must be told, and by when: from the caseload's versions alone."""

from __future__ import annotations

from dataclasses import replace
from importlib import resources
from typing import Any

import pytest

from bailiwick.timezones import pinned_time_zones
from domain.errors import BadInput
from domain.instants import DAY_US, FAR_US, HOUR_US, parse_instant
from domain.records import Circle, Condition, Order, Record, Suspension, Version, Zone
from domain.vocabulary import ConditionKind, DutyEvent, DutyState, OrderKind
from evidence.duties import Changes, Duty, Kept, Protected, Recall, Reckoning, changes
from evidence.duty_rules import Clock, DutyRules, read_duty_rules
from geofence.timetable import WindowCache

BEGUN = parse_instant("2026-11-02T09:00:00Z")
OVER = parse_instant("2026-12-14T12:00:00Z")
RULES = DutyRules((Clock(parse_instant("2026-01-01T00:00:00Z"), 3, 1, ahead_days={DutyEvent.ENDED: 7}),))
CACHE = WindowCache(pinned_time_zones())
ORDER = Order("O1", "W1", OrderKind.COMMUNITY, BEGUN, OVER, area="kent")
PAIR = Condition("P1", "O1", ConditionKind.PROXIMITY, victim="V1", alert_m=500.0)
ZONE = Condition("Z1", "O1", ConditionKind.EXCLUSION_ZONE, shape=Circle(0.5, 51.2, 300.0))


class Book:
    """What is known, what was told, and what follows; days are all working days here."""

    def __init__(self, *records: Record, rules: DutyRules = RULES) -> None:
        self.rules = rules
        self.versions = [Version(one, learnt_us=BEGUN) for one in (ORDER, PAIR, *records)]
        self.recalls: list[Recall] = []
        self.kept: list[Kept] = []
        self.vulnerable: set[str] = set()

    def learn(self, record: Record, at_us: int, *, cancelled: bool = False) -> None:
        self.versions.append(Version(record, at_us, at_us, cancelled))

    def look(self, at_us: int) -> Changes:
        """Finds what follows, keeps it, and says it: looking again changes nothing."""
        found = self.changes(at_us)
        for duty in found.made:
            self.kept = [one for one in self.kept if (one.topic, one.victim) != (duty.news.topic, duty.news.victim)]
            self.kept.append(_kept(len(self.kept) + 100 * at_us, duty))
        for no, duty in found.amended:
            self.kept = [replace(_kept(no, duty), clock_us=one.clock_us) if one.no == no else one for one in self.kept]
        self.become(DutyState.WITHDRAWN, *found.withdrawn)
        assert self.changes(at_us) == Changes(), "the same again is nothing new"
        return found

    def changes(self, at_us: int) -> Changes:
        by = Reckoning(self.rules, lambda victim, words: victim in self.vulnerable and bool(words), _after)
        news = Protected(self.versions, self.recalls, CACHE).news(self.rules)
        early = [one for one in self.versions if one.learnt_us < self.rules.begins_us]
        return changes(news, Protected(early, [], CACHE).news(self.rules), self.kept, by, at_us)

    def become(self, state: DutyState, *numbers: int) -> None:
        self.kept = [replace(one, state=state) if one.no in numbers else one for one in self.kept]

    def tell(self) -> None:
        """All that is open is told."""
        self.become(DutyState.TOLD, *(one.no for one in self.kept if one.state is DutyState.OPEN))


def _after(area: str | None, at_us: int, days: int) -> int:
    return at_us + days * DAY_US


def _kept(no: int, duty: Duty) -> Kept:
    one = duty.news
    return Kept(
        *(no, one.topic, one.victim, DutyState.OPEN, one.event, one.facts or {}, duty.before, one.clock_us, duty.due_us)
    )


def events(found: Changes) -> list[tuple[str, str]]:
    return [(one.news.event.value, one.news.topic) for one in found.made]


def test_an_order_that_starts_is_told_within_its_days_and_once() -> None:
    book = Book(ZONE)
    found = book.look(BEGUN + HOUR_US)
    assert events(found) == [("started", "order:O1")]
    (duty,) = found.made
    assert (duty.news.victim, duty.news.wearer, duty.news.area) == ("V1", "W1", "kent")
    assert duty.due_us == BEGUN + 3 * DAY_US, "three working days from when we learnt it"
    assert duty.news.facts is not None
    assert (duty.news.facts["near"], duty.news.facts["zones"]) == (True, 1)
    assert "51.2" not in repr(duty.news.facts), "no shape stands in a duty"
    book.vulnerable.add("V1")
    ((_, sooner),) = book.look(BEGUN + 2 * HOUR_US).amended
    assert sooner.due_us == BEGUN + DAY_US, "one when vulnerable"
    book.tell()
    assert book.look(BEGUN + DAY_US) == Changes()


def test_bail_has_its_own_words_and_an_order_that_protects_nobody_is_told_to_nobody() -> None:
    book = Book()
    book.versions = [Version(replace(ORDER, kind=OrderKind.BAIL), learnt_us=BEGUN), Version(PAIR, learnt_us=BEGUN)]
    assert events(book.look(BEGUN)) == [("bail", "order:O1")]
    alone = Book()
    alone.versions = [Version(ORDER, learnt_us=BEGUN), Version(ZONE, learnt_us=BEGUN)]
    assert alone.look(OVER + DAY_US) == Changes()


def test_a_zone_of_another_order_protects_whoever_the_wearer_is_paired_with() -> None:
    book = Book(replace(ORDER, id="O2"), replace(ZONE, order="O2"))
    assert events(book.look(BEGUN)) == [("started", "order:O1"), ("started", "order:O2")]


@pytest.mark.parametrize(
    "changed",
    [
        replace(PAIR, alert_m=200.0),
        replace(ORDER, to_us=OVER + 30 * DAY_US),
        replace(ORDER, to_us=None, review_us=OVER),
        replace(ZONE, shape=Circle(0.5, 51.2, 100.0)),
        Condition("Z2", "O1", ConditionKind.EXCLUSION_ZONE, shape=Circle(0.6, 51.2, 300.0)),
    ],
)
def test_a_variation_is_told_and_one_that_is_taken_back_before_is_not(changed: Any) -> None:
    book = Book(ZONE)
    book.look(BEGUN)
    book.tell()
    book.learn(changed, BEGUN + DAY_US)
    found = book.look(BEGUN + 2 * DAY_US)
    assert events(found) == [("varied", "order:O1")]
    assert found.made[0].due_us == BEGUN + 4 * DAY_US, "from when we learnt it, not from when we looked"
    before = next((one for one in (ORDER, PAIR, ZONE) if one.id == changed.id), changed)
    book.learn(before, BEGUN + 2 * DAY_US, cancelled=before is changed)
    assert len(book.look(BEGUN + 3 * DAY_US).withdrawn) == 1
    assert book.look(BEGUN + 4 * DAY_US) == Changes()


def test_a_variation_taken_back_after_it_was_told_is_another() -> None:
    book = Book()
    book.look(BEGUN)
    book.tell()
    book.learn(replace(PAIR, alert_m=200.0), BEGUN + DAY_US)
    book.look(BEGUN + DAY_US)
    book.tell()
    book.learn(PAIR, BEGUN + 2 * DAY_US)
    assert events(book.look(BEGUN + 2 * DAY_US)) == [("varied", "order:O1")]


def test_what_changes_before_anybody_was_told_is_told_with_the_start() -> None:
    book = Book()
    book.look(BEGUN)
    book.learn(replace(ORDER, to_us=OVER + DAY_US), BEGUN + DAY_US)
    found = book.look(BEGUN + DAY_US)
    assert (found.made, [duty.due_us for _, duty in found.amended]) == ((), [BEGUN + 3 * DAY_US])


def test_what_is_none_of_their_business_is_no_variation() -> None:
    book = Book()
    book.look(BEGUN)
    book.tell()
    curfew = Condition("C9", "O1", ConditionKind.CURFEW)
    for k, record in enumerate((replace(ORDER, officer={"name": "D"}), replace(PAIR, name="x"), curfew)):
        book.learn(record, BEGUN + (k + 1) * HOUR_US)
    assert book.look(BEGUN + DAY_US) == Changes()


def test_custody_is_told_when_it_begins_and_the_release_from_it() -> None:
    book = Book()
    book.look(BEGUN)
    book.tell()
    held = Suspension("S1", "O1", BEGUN + DAY_US, reason="custody")
    book.learn(held, BEGUN + DAY_US)
    assert events(book.look(BEGUN + DAY_US)) == [("suspended", "suspension:S1")]
    book.tell()
    book.learn(replace(held, to_us=BEGUN + 9 * DAY_US), BEGUN + 5 * DAY_US)
    assert book.look(BEGUN + 5 * DAY_US) == Changes(), "nothing is told ahead where the rules say so"
    assert events(book.look(BEGUN + 9 * DAY_US)) == [("released", "resumption:S1")]
    book.tell()
    assert book.look(BEGUN + 20 * DAY_US) == Changes()


def test_a_release_is_told_ahead_and_one_that_is_put_off_is_corrected() -> None:
    ahead = replace(RULES.clocks[0], ahead_days={DutyEvent.RELEASED: 7})
    book = Book(rules=DutyRules((ahead,)))
    book.look(BEGUN)
    held = Suspension("S1", "O1", BEGUN + DAY_US, BEGUN + 20 * DAY_US, reason="custody")
    book.learn(held, BEGUN + DAY_US)
    assert events(book.look(BEGUN + DAY_US)) == [("suspended", "suspension:S1")]
    book.tell()
    (duty,) = book.look(BEGUN + 13 * DAY_US).made
    assert (duty.news.event, duty.due_us) == (DutyEvent.RELEASED, BEGUN + 16 * DAY_US)
    book.tell()
    book.learn(replace(held, to_us=BEGUN + 30 * DAY_US), BEGUN + 14 * DAY_US)
    found = book.look(BEGUN + 14 * DAY_US)
    assert events(found) == [("corrected", "resumption:S1"), ("suspended", "suspension:S1")]
    assert found.made[0].before == {"at": "2026-11-22T09:00:00Z"}


def test_a_suspension_taken_back_is_corrected_only_for_whoever_was_told() -> None:
    for told in (False, True):
        book = Book()
        book.look(BEGUN)
        book.tell()
        held = Suspension("S1", "O1", BEGUN + DAY_US, reason="hospital")
        book.learn(held, BEGUN + DAY_US)
        book.look(BEGUN + DAY_US)
        if told:
            book.tell()
        book.learn(held, BEGUN + 2 * DAY_US, cancelled=True)
        found = book.look(BEGUN + 2 * DAY_US)
        assert events(found) == ([("corrected", "suspension:S1")] if told else [])
        assert len(found.withdrawn) == (0 if told else 1)


def test_the_end_is_told_a_week_ahead_once_and_an_end_that_comes_at_once_too() -> None:
    book = Book()
    book.look(BEGUN)
    book.tell()
    assert book.look(OVER - 8 * DAY_US) == Changes()
    (duty,) = book.look(OVER - 7 * DAY_US).made
    assert (duty.news.event, duty.due_us) == (DutyEvent.ENDED, OVER - 4 * DAY_US)
    book.tell()
    assert book.look(OVER + DAY_US) == Changes()
    again = Book()
    again.look(BEGUN)
    again.tell()
    again.learn(ORDER, BEGUN + DAY_US, cancelled=True)
    assert events(again.look(BEGUN + DAY_US)) == [("ended", "end:O1")]


def test_an_order_over_before_we_learnt_of_it_is_told_to_nobody() -> None:
    book = Book()
    book.versions = [Version(one, learnt_us=OVER + DAY_US) for one in (ORDER, PAIR)]
    assert book.look(OVER + 2 * DAY_US) == Changes()


def test_what_was_learnt_before_the_rules_began_was_told_by_others_and_its_variation_is_a_variation() -> None:
    later = DutyRules((replace(RULES.clocks[0], from_us=BEGUN + DAY_US),))
    book = Book(rules=later)
    assert book.look(BEGUN + 2 * DAY_US) == Changes()
    book.learn(replace(ORDER, to_us=OVER + DAY_US), BEGUN + 3 * DAY_US)
    assert events(book.look(BEGUN + 3 * DAY_US)) == [("varied", "order:O1")]
    assert events(book.look(OVER - 5 * DAY_US)) == [("ended", "end:O1")]


def test_a_recall_is_told_to_everybody_protected_and_taken_back() -> None:
    book = Book(replace(PAIR, id="P2", victim="V2"))
    book.look(BEGUN)
    book.tell()
    book.recalls = [Recall(7, "W1", "kent", BEGUN + DAY_US, BEGUN + DAY_US), Recall(8, "W9", None, BEGUN, BEGUN)]
    found = book.look(BEGUN + DAY_US)
    assert [(one.news.victim, one.news.event) for one in found.made] == [
        ("V1", DutyEvent.RECALLED),
        ("V2", DutyEvent.RECALLED),
    ]
    book.tell()
    book.recalls = [replace(book.recalls[0], withdrawn=True)]
    assert {one.news.event for one in book.look(BEGUN + 2 * DAY_US).made} == {DutyEvent.CORRECTED}


def test_a_shared_zone_that_moves_is_a_variation() -> None:
    shared = Condition("Z3", "O1", ConditionKind.EXCLUSION_ZONE, zone="ZZ")
    book = Book(shared, Zone("ZZ", Circle(0.5, 51.2, 300.0)))
    book.look(BEGUN)
    book.tell()
    book.learn(Zone("ZZ", Circle(0.5, 51.3, 300.0)), BEGUN + DAY_US)
    (duty,) = book.look(BEGUN + 2 * DAY_US).made
    assert (duty.news.event, duty.due_us) == (DutyEvent.VARIED, BEGUN + 4 * DAY_US)


def test_the_shipped_rules_are_those_of_the_contract() -> None:
    text = resources.files("evidence").joinpath("shipped", "duties.toml").read_text(encoding="utf-8")
    rules = read_duty_rules(text, "duties.toml")
    clock = rules.at(FAR_US)
    assert (clock.working_days, clock.sooner_working_days, clock.sooner_for, clock.tries) == (3, 1, {"vulnerable"}, 2)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (("working_days = 3", "working_days = 0"), "clock 1, working_days: is 0; must be a whole number from 1 to 60"),
        (("working_days = 3\n", ""), "clock 1, working_days: is missing"),
        (
            ('["vulnerable"]', '["tall"]'),
            "clock 1, sooner_for: is ['tall']; must be a list of vulnerable, marac, under_18",
        ),
        (
            ("ended = 7", "varied = 7"),
            "clock 1, ahead_days.varied: is not known; must be one of ended, resumed, released",
        ),
        (("ended = 7", "ended = -1"), "clock 1, ahead_days.ended: is -1; must be a whole number from 0 to 60"),
        (('from = "2026', 'from = "x'), "clock 1, from: is 'x-01-01T00:00:00Z'; must be an instant"),
        (("tries", "attempts"), "clock 1, attempts: is not known"),
        (("[[clock]]", "[[hours]]"), "clock: there is none"),
        (("[[clock]]", "[clock"), "TOML"),
    ],
)
def test_a_wrong_file_says_where_and_what_may_stand_there(changed: tuple[str, str], says: str) -> None:
    text = resources.files("evidence").joinpath("shipped", "duties.toml").read_text(encoding="utf-8")
    with pytest.raises(BadInput, match=r"duties\.toml") as told:
        read_duty_rules(text.replace(changed[0], changed[1], 1), "duties.toml")
    assert says in str(told.value)


def test_clocks_follow_each_other() -> None:
    clock = 'from = "2026-01-01T00:00:00Z"\nworking_days = 3\nsooner_working_days = 1\n'
    with pytest.raises(BadInput, match="clock 2, from: is not after"):
        read_duty_rules(f"[[clock]]\n{clock}[[clock]]\n{clock}", "f")

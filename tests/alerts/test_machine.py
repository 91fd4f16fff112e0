"""The machine against a table of its own: every event, work, condition and actor; what is refused changes nothing."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.machine import LONGEST_TEXT, UNDO_US, Act, Actor, Illegal, Job, step
from alerts.picture import drawn
from domain.instants import MINUTE_US, SECOND_US
from domain.vocabulary import AlertCondition, AlertEvent, AlertWork, Outcome, Role, Severity
from tests.alerts.made import at

PAGE = Path(__file__).parents[2] / "docs" / "alerts.md"
NOW = at("12:00:00")
CRITICAL, SERIOUS = Severity.CRITICAL, Severity.SERIOUS
ACTIVE, CLEARED = AlertCondition.ACTIVE, AlertCondition.CLEARED

# Where an event leads to from each work, by alerts.md; `-`: refused. And who may cause it: `staff` anyone of the centre,
# `holder` whoever holds it or a senior, `free` anyone while nobody holds it and else the holder, `self` no person.
EXPECTED = """
event       raised    claimed   actioned  closed    persons  self
claim       claimed   claimed   actioned  -         *        no
release     -         raised    raised    -         holder   no
expire      -         raised    raised    -         none     yes
action      -         actioned  actioned  -         holder   no
escalate    raised    claimed   actioned  -         staff    yes
close       closed    closed    closed    -         free     yes
reopen      -         -         -         raised    staff    yes
clear       raised    claimed   actioned  closed    none     yes
reactivate  raised    claimed   actioned  raised    none     yes
withdraw    closed    closed    closed    closed    none     yes
"""
CONDITIONS = {  # which condition an event needs, and what it makes of it
    AlertEvent.CLEAR: (ACTIVE, CLEARED),
    AlertEvent.REACTIVATE: (CLEARED, ACTIVE),
    AlertEvent.WITHDRAW: (None, CLEARED),
}
HOLDER, OTHER = Actor("ann", Role.OPERATOR), Actor("bob", Role.OPERATOR)
SENIORS = (Actor("cal", Role.SUPERVISOR), Actor("dee", Role.DUTY_MANAGER))
STAFF = (HOLDER, OTHER, *SENIORS)
OUTSIDE = tuple(Actor("eve", role) for role in Role if role not in {one.role for one in STAFF})


def expected() -> dict[AlertEvent, tuple[dict[AlertWork, AlertWork | None], str, bool]]:
    head, *lines = [line.split() for line in EXPECTED.strip().splitlines()]
    works = [AlertWork(word) for word in head[1:5]]
    return {
        AlertEvent(line[0]): (
            {work: None if word == "-" else AlertWork(word) for work, word in zip(works, line[1:5], strict=True)},
            line[5],
            line[6] == "yes",
        )
        for line in lines
    }


def job(work: AlertWork, condition: AlertCondition) -> Job:
    held = {"holder": "ann", "renewed_us": NOW - MINUTE_US} if work in (AlertWork.CLAIMED, AlertWork.ACTIONED) else {}
    over = {"outcome": Outcome.CONFIRMED, "closed_us": NOW - UNDO_US, "closed_by": "ann"}
    return Job(NOW - 5 * MINUTE_US, work, condition, **held, **(over if work is AlertWork.CLOSED else {}))


def act(event: AlertEvent, actor: Actor | None, at_us: int = NOW) -> Act:
    return Act(event, at_us, actor, outcome=Outcome.CONFIRMED, note="spoke to the wearer, who is at home")


def may(event: AlertEvent, work: AlertWork, actor: Actor | None) -> bool:
    _, persons, by_itself = expected()[event]
    if actor is None:
        return by_itself
    if actor not in STAFF or persons == "none":
        return False
    held = work in (AlertWork.CLAIMED, AlertWork.ACTIONED)
    asks_holder = persons == "holder" or (persons in ("free", "*") and held)
    return not asks_holder or actor == HOLDER or actor in SENIORS


@pytest.mark.parametrize("event", list(AlertEvent))
def test_every_event_from_everywhere_by_everybody(event: AlertEvent) -> None:
    leads, _, _ = expected()[event]
    needs, makes = CONDITIONS.get(event, (None, None))
    for work, condition, actor in product(AlertWork, AlertCondition, (None, *STAFF, *OUTSIDE)):
        before = job(work, condition)
        legal = leads[work] is not None and needs in (None, condition) and may(event, work, actor)
        after = tried(before, act(event, actor))
        assert isinstance(after, Job) == legal, (event, work, condition, actor, after)
        if isinstance(after, Job):
            assert (after.work, after.condition) == (leads[work], makes or condition)
        else:
            assert (after.job, before) == (job(work, condition), job(work, condition))
            assert str(after).startswith(f"{event.value}: ")


def tried(before: Job, done: Act) -> Job | Illegal:
    try:
        return step(before, done, SERIOUS)
    except Illegal as refused:
        return refused


def test_the_table_of_this_test_names_every_event() -> None:
    assert set(expected()) == set(AlertEvent)


# ---- claims ----


def claimed(by: Actor = HOLDER, at_us: int = NOW) -> Job:
    return step(job(AlertWork.RAISED, ACTIVE), act(AlertEvent.CLAIM, by, at_us), SERIOUS)


def test_a_claim_names_a_person_is_renewed_by_them_and_taken_over_by_a_senior_alone() -> None:
    first = claimed()
    assert (first.holder, first.renewed_us) == ("ann", NOW)
    later = step(first, act(AlertEvent.CLAIM, HOLDER, NOW + MINUTE_US), SERIOUS)
    assert (later.holder, later.renewed_us, later.period) == ("ann", NOW + MINUTE_US, first.period)
    with pytest.raises(Illegal, match="ann has claimed it"):
        step(first, act(AlertEvent.CLAIM, OTHER), SERIOUS)
    assert step(first, act(AlertEvent.CLAIM, SENIORS[0]), SERIOUS).holder == "cal"


@pytest.mark.parametrize(("severity", "minutes"), [(CRITICAL, 15), (SERIOUS, 60), (Severity.WARNING, 60)])
def test_a_claim_ends_without_an_action(severity: Severity, minutes: int) -> None:
    assert claimed().claim_ends_us(severity) == NOW + minutes * MINUTE_US
    acted = step(claimed(), act(AlertEvent.ACTION, HOLDER, NOW + 10 * MINUTE_US), severity)
    assert acted.claim_ends_us(severity) == NOW + (10 + minutes) * MINUTE_US
    assert job(AlertWork.RAISED, ACTIVE).claim_ends_us(severity) is None
    assert job(AlertWork.CLOSED, ACTIVE).claim_ends_us(severity) is None


@pytest.mark.parametrize("event", [AlertEvent.RELEASE, AlertEvent.EXPIRE])
def test_what_is_let_go_of_is_unclaimed_from_then(event: AlertEvent) -> None:
    actor = HOLDER if event is AlertEvent.RELEASE else None
    free = step(claimed(), act(event, actor, NOW + MINUTE_US), SERIOUS)
    assert (free.work, free.holder, free.renewed_us) == (AlertWork.RAISED, None, None)
    assert (free.unclaimed_us, free.period) == (NOW + MINUTE_US, 2)


# ---- closing ----


def closing(**changed: object) -> Act:
    return replace(act(AlertEvent.CLOSE, HOLDER), **changed)


@pytest.mark.parametrize(
    ("of", "severity", "cause"),
    [
        (closing(outcome=None), SERIOUS, "needs an outcome"),
        (closing(outcome=Outcome.WITHDRAWN), SERIOUS, "the rules' own"),
        (closing(note=None), CRITICAL, "a note in your own words"),
        (closing(note=" \n"), CRITICAL, "a note in your own words"),
        (closing(note="\u200b . -"), CRITICAL, "a note in your own words"),
        (closing(note="x" * (LONGEST_TEXT + 1)), SERIOUS, "at most 4000"),
        (closing(explanation="x" * (LONGEST_TEXT + 1)), SERIOUS, "at most 4000"),
    ],
)
def test_a_closing_that_lacks_something_is_refused(of: Act, severity: Severity, cause: str) -> None:
    before = claimed()
    with pytest.raises(Illegal, match=cause):
        step(before, of, severity)
    assert before == claimed()


def test_a_closing_keeps_its_outcome_and_who_made_it() -> None:
    done = step(claimed(), closing(note=None), SERIOUS)
    assert (done.work, done.outcome, done.closed_us, done.closed_by) == (
        AlertWork.CLOSED,
        Outcome.CONFIRMED,
        NOW,
        "ann",
    )
    by_protocol = step(job(AlertWork.RAISED, CLEARED), replace(closing(note=None), actor=None), CRITICAL)
    assert (by_protocol.outcome, by_protocol.closed_by) == (Outcome.CONFIRMED, None)


@pytest.mark.parametrize(("after_us", "legal"), [(UNDO_US, True), (UNDO_US + 1, False)])
def test_a_closing_can_be_undone_for_60_seconds(after_us: int, legal: bool) -> None:
    done = step(claimed(), closing(), SERIOUS)
    undo = act(AlertEvent.REOPEN, OTHER, NOW + after_us)
    if not legal:
        with pytest.raises(Illegal, match="undone for 60 seconds"):
            step(done, undo, SERIOUS)
        assert (
            step(done, replace(undo, actor=None), SERIOUS).work is AlertWork.RAISED
        )  # the rules may, when it got worse
        return
    back = step(done, undo, SERIOUS)
    assert (back.work, back.outcome, back.closed_us, back.closed_by, back.holder) == (AlertWork.RAISED, *(None,) * 4)


def test_what_the_rules_withdraw_is_closed_as_that_and_a_closing_keeps_its_own_outcome() -> None:
    gone = step(claimed(), act(AlertEvent.WITHDRAW, None), CRITICAL)
    assert (gone.work, gone.condition, gone.outcome) == (AlertWork.CLOSED, CLEARED, Outcome.WITHDRAWN)
    done = step(claimed(), closing(), SERIOUS)
    assert step(done, act(AlertEvent.WITHDRAW, None), SERIOUS).outcome is Outcome.CONFIRMED


# ---- any sequence ----

ACTS = st.tuples(
    st.sampled_from(list(AlertEvent)),
    st.sampled_from([None, *STAFF, OUTSIDE[0]]),
    st.integers(0, 20 * MINUTE_US // SECOND_US),
    st.sampled_from([None, *Outcome]),
    st.sampled_from([None, "", "in my own words", "x" * (LONGEST_TEXT + 1)]),
    st.sampled_from(list(Severity)),
)


@given(st.lists(ACTS, max_size=40))
def test_any_sequence_keeps_what_must_hold(
    acts: list[tuple[AlertEvent, Actor | None, int, Outcome | None, str | None, Severity]],
) -> None:
    now_us, before = NOW, Job(NOW)
    for event, actor, wait_s, outcome, note, severity in acts:
        now_us += wait_s * SECOND_US
        done = Act(event, now_us, actor, outcome, note)
        try:
            after = step(before, done, severity)
        except Illegal:
            continue
        check(before, after, done, severity)
        before = after


def check(before: Job, after: Job, done: Act, severity: Severity) -> None:
    """What holds of every state, and between two."""
    closed, held = after.work is AlertWork.CLOSED, after.work in (AlertWork.CLAIMED, AlertWork.ACTIONED)
    assert closed == (after.closed_us is not None) == (after.outcome is not None)
    assert held == (after.claim_ends_us(severity) is not None)
    assert not held or (after.holder is not None and after.renewed_us is not None)
    assert after.work is not AlertWork.RAISED or (after.holder is None and after.closed_by is None)
    assert after.unclaimed_us <= done.at_us
    let_go = after.work is AlertWork.RAISED and before.work is not AlertWork.RAISED
    assert after.period == before.period + let_go
    assert (after.unclaimed_us == done.at_us) if let_go else (after.unclaimed_us == before.unclaimed_us)
    if before.holder is not None and held and after.holder != before.holder:
        assert done.actor in SENIORS
    if closed and before.work is not AlertWork.CLOSED:
        assert severity is not CRITICAL or done.actor is None or (done.note or "").strip()
        assert (after.outcome is Outcome.WITHDRAWN) == (done.event is AlertEvent.WITHDRAW)
    if after.condition is not before.condition:
        assert done.actor is None


# ---- the picture ----


def test_the_picture_in_the_documents_is_the_table() -> None:
    assert f"```mermaid\n{drawn()}\n```" in PAGE.read_text(encoding="utf-8")


def test_the_picture_has_every_way_and_no_other() -> None:
    ways = {tuple(line.strip().partition(":")[0].split(" --> ")) for line in drawn().splitlines() if "-->" in line}
    leads = {(work, to) for leads, _, _ in expected().values() for work, to in leads.items() if to is not None}
    moved = {(work.value, to.value) for work, to in leads if work is not to}
    assert {way for way in ways if way[0] != way[1] and "[*]" not in way} == moved | {
        ("active", "cleared"),
        ("cleared", "active"),
    }

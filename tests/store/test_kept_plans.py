"""A plan that is kept answers each sight and each stretch as one that was made for it, and is kept for that transaction alone."""

from __future__ import annotations

import pytest

from domain.callers import Sight
from domain.facts import Roster
from domain.instants import DAY_US, HOUR_US
from domain.vocabulary import Quality
from store import Reading, Store
from store.connecting import open_pool
from store.position_columns import PositionColumns
from store.reading_types import Subject
from store.seeing import ALWAYS, KEPT_PLANS, WHERE_NO_DEARER, seeing_at_once
from store.statements import statement
from tests.store.made import NOON, migrated, work_of
from tests.store.test_newest_fixes import grown, known

EVERYTHING = Sight(everything=True, positions=True)
ONE = Sight(wearers=frozenset({"W1"}), positions=True)
NO_POSITIONS = Sight(everything=True)
ROUNDS = 8
"""More than PostgreSQL plans for the values (5) before it keeps a plan, and psycopg before it prepares."""
SPANS = [(NOON - DAY_US, NOON + DAY_US), (NOON, NOON + HOUR_US), (NOON + HOUR_US, NOON + DAY_US)]


@pytest.mark.slow
async def test_each_sight_and_stretch_has_its_own_answer(database_url: str) -> None:
    async with migrated(database_url, ()) as store:
        reading, roster = await known(database_url, store)
        async with reading:
            await grown(store, roster, range(2, 12), seed=5)
            every = reading.seen(EVERYTHING)
            await judged_anew(store, roster, await every.trail("W1", *SPANS[0], None, 1_000))
            for _ in range(ROUNDS):
                for span in SPANS:
                    for wearer in ("W1", "W2"):
                        whole = (await reading.trail(wearer, *span, None, 1_000)).rows()
                        assert (await every.trail(wearer, *span, None, 1_000)).rows() == whole
                        assert await every.events_between(wearer, *span) == await reading.events_between(wearer, *span)
                await only_one_is_seen(reading)
            assert set((await every.trail("W1", *SPANS[0], None, 1_000)).qualities()) == {"zero"}


async def judged_anew(store: Store, roster: Roster, some: PositionColumns) -> None:
    """Every fix of those twice: the later judgement counts."""
    assert set(some.qualities()) != {"zero"}
    anew = [
        (0, roster.index[row.device], row.gen, row.seq, quality)
        for quality in (Quality.IMPLAUSIBLE, Quality.ZERO)
        for row in some.rows()
    ]
    await store.commit(work_of(12, roster, requalified=anew))


async def only_one_is_seen(reading: Reading) -> None:
    one, nowhere = reading.seen(ONE), reading.seen(NO_POSITIONS)
    everybody = sorted(await reading.open_spans())
    for wearer in ("W1", "W2"):
        whole = (await reading.trail(wearer, *SPANS[0], None, 1_000)).rows()
        assert whole
        assert (await one.trail(wearer, *SPANS[0], None, 1_000)).rows() == (whole if wearer == "W1" else [])
        assert not len(await nowhere.trail(wearer, *SPANS[0], None, 1_000))
        assert await one.in_sight(Subject.WEARER, wearer) is (wearer == "W1")
        spans = [span for span in everybody if span.wearer == wearer]
        assert sorted(await reading.seen(EVERYTHING).open_spans([wearer])) == spans
        assert sorted(await one.open_spans([wearer])) == (spans if wearer == "W1" else [])


@pytest.mark.slow
async def test_a_trail_is_read_on_from_any_of_its_fixes(database_url: str) -> None:
    async with migrated(database_url, ()) as store:
        reading, roster = await known(database_url, store)
        async with reading:
            await grown(store, roster, range(2, 8), seed=9)
            every = reading.seen(EVERYTHING)
            whole = await every.trail("W1", *SPANS[0], None, 1_000)
            found, after = [], None
            while len(some := await every.trail("W1", *SPANS[0], after, 2)):
                found += some.rows()
                after = some.key(-1)
            assert found == whole.rows()
            assert len(found) > ROUNDS


@pytest.mark.parametrize("plans", [WHERE_NO_DEARER, ALWAYS])
async def test_plans_are_kept_for_that_transaction_alone(database_url: str, plans: str) -> None:
    async with migrated(database_url, ()), await open_pool(database_url) as pool, pool.connection() as conn:
        for _ in range(ROUNDS):
            async with seeing_at_once(conn, EVERYTHING, plans):
                await conn.execute(statement("wearer_in_sight"), {"key": "W1"}, prepare=True)
            mode = await (await conn.execute("SHOW plan_cache_mode")).fetchone()
            assert mode == ("force_custom_plan",)
        kept = "SELECT max(generic_plans) FROM pg_prepared_statements WHERE statement LIKE '%%FROM wearers WHERE id%%'"
        row = await (await conn.execute(kept.encode(), ())).fetchone()
        assert row is not None
        assert (row[0] or 0) > 0


def test_no_plan_is_kept_of_a_question_with_a_filter_that_may_be_left_out() -> None:
    for name in (*KEPT_PLANS, "trail"):
        assert b"IS NULL OR" not in statement(name).replace(b"l.violation_id IS NULL OR", b"")

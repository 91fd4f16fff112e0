"""Commands as real databases keep them: each goes out in its turn, is answered once, and ends by the clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np
import psycopg
import pytest

from domain.callers import Sight
from domain.device_commands import MOST_OPEN, CommandCause, CommandState, NewCommand
from domain.facts import Roster, empty_facts
from domain.instants import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from domain.records import Device, Fitting, Version, Victim
from domain.vocabulary import DeviceKind, EventCode
from domain.wire_commands import CommandName, encode_command
from store import Store
from store.connecting import configure
from store.device_commands import DeviceCommands, LeasedCommand, TooManyOpen, answered, is_known, make
from store.times import At
from tests.store.made import NOON, ask, learn_everything, migrated, roster_of, wearer_records, work_of
from tests.store.test_plans import indexes, nodes, plan
from tests.store.test_roles import login_as, refused

EVERYTHING = Sight(everything=True, victims=True, centre=True)
FAST = {"interval_s": 15, "upload_s": 15}


def asked(device: str = "T1", name: CommandName = CommandName.LOCATE_NOW, **more: Any) -> NewCommand:
    given: dict[str, Any] = {"args": {}, "cause": CommandCause.PERSON, "made_us": NOON, "expires_us": NOON + HOUR_US}
    by = {"by_name": "ola", "by_role": "operator"} if more.get("cause", CommandCause.PERSON) == "person" else {}
    return NewCommand(device, name, **(given | by | more))


def interval(device: str = "T1", **more: Any) -> NewCommand:
    return asked(device, CommandName.SET_INTERVAL, args=FAST, cause=CommandCause.VIOLATION, about="W1-1", **more)


@dataclass
class Commands:
    """A store with ingest's side, and the commands of its devices."""

    store: Store
    commands: DeviceCommands
    url: str
    roster: Roster
    commits: int = 1

    async def make(self, *many: NewCommand) -> list[int]:
        async with self.commands.changing() as conn:
            return [await make(conn, one) for one in many]

    async def lease(self, now_us: int = NOON, limit: int = 10) -> list[LeasedCommand]:
        return await self.commands.lease(now_us, now_us + 30 * SECOND_US, limit)

    async def said(self, *answers: tuple[str, bool], device: int = 0, at_us: int = NOON + SECOND_US) -> None:
        """Ingest commits these answers of a device."""
        self.commits += 1
        facts = empty_facts(len(answers))
        facts["line"], facts["device"], facts["seq"] = np.arange(len(answers)), device, self.commits * 100
        facts["seq"] += np.arange(len(answers))
        facts["t_us"], facts["received_us"], facts["is_event"] = at_us, at_us + SECOND_US, True
        facts["code"], facts["state"] = EventCode.COMMAND_RESULT, 0
        facts["tag"] = -1
        data = {row: msgspec.json.encode({"command": name, "ok": ok}) for row, (name, ok) in enumerate(answers)}
        await self.store.commit(work_of(self.commits, self.roster, facts, at_us, event_data=data))

    async def enter(self, now_us: int) -> list[Any]:
        """What a follower enters."""
        found = []
        async with self.commands.results(now_us) as (conn, results):
            for one in results:
                said = msgspec.json.decode(one.data or b"")
                told = {"fix_us": one.fix_us, "received_us": one.received_us, "now_us": now_us}
                found.append(await answered(conn, one.device, said["command"], ok=said["ok"], **told))
        return found

    async def states(self) -> list[str]:
        return [row[0] for row in ask(self.url, "SELECT state FROM device_commands ORDER BY command_no")]


@asynccontextmanager
async def commands_at(url: str, *versions: Version) -> AsyncIterator[Commands]:
    """A wearer with a tag, and another."""
    async with migrated(url, ()) as store, await DeviceCommands.open(url) as commands:
        await store.learn([*wearer_records(), *wearer_records("W2", "T2"), *versions])
        roster = roster_of("T1", "T2")
        await learn_everything(store, 1, roster)
        yield Commands(store, commands, url, roster)


async def test_a_command_is_leased_sent_and_answered(database_url: str) -> None:
    async with commands_at(database_url) as at:
        (no,) = await at.make(asked())
        (leased,) = await at.lease()
        assert (leased.no, leased.device, leased.attempt) == (no, "T1", 1)
        assert encode_command(leased.command)
        assert leased.command.expires_ms == (NOON + HOUR_US) // 1000
        assert await at.lease() == [], "somebody has it"
        await at.commands.sent(no, NOON + SECOND_US)
        await at.said((leased.command.id, True))
        (ended,) = await at.enter(NOON + 3 * SECOND_US)
        assert (ended.command, ended.state, ended.late) == (CommandName.LOCATE_NOW, CommandState.OK, False)
        row = await at.commands.command(EVERYTHING, no)
        assert row is not None
        assert (row.state, row.sent_us, row.answered_us, row.ended_us) == (
            *("ok", NOON + SECOND_US, NOON + SECOND_US),
            NOON + 3 * SECOND_US,
        )


async def test_a_lease_that_ends_gives_the_same_command_to_another(database_url: str) -> None:
    async with commands_at(database_url) as at:
        await at.make(asked())
        (first,) = await at.lease()
        (second,) = await at.lease(NOON + 30 * SECOND_US)
        assert second.command == first.command, "the same id, so that the device obeys once"
        assert second.attempt == 2


async def test_a_device_is_told_in_the_order_asked_and_another_device_does_not_wait(database_url: str) -> None:
    async with commands_at(database_url) as at:
        first, second, other = await at.make(asked(), asked(name=CommandName.VIBRATE), asked("T2"))
        assert [one.no for one in await at.lease()] == [first, other]
        await at.commands.sent(other, NOON)
        await at.commands.try_later(first, "the broker is away", NOON + MINUTE_US)
        assert await at.lease() == []
        assert [one.no for one in await at.lease(NOON + MINUTE_US)] == [first]
        await at.commands.sent(first, NOON + MINUTE_US)
        assert [one.no for one in await at.lease(NOON + MINUTE_US)] == [second]


async def test_what_people_ask_goes_before_what_rules_ask(embedded_url: str) -> None:
    async with commands_at(embedded_url) as at:
        rule, person = await at.make(interval("T1"), asked("T2"))
        assert [one.no for one in await at.lease(limit=1)] == [person]
        assert [one.no for one in await at.lease(limit=1)] == [rule]


async def test_a_newer_interval_takes_the_place_of_one_that_waits_but_not_of_one_that_went_out(
    database_url: str,
) -> None:
    async with commands_at(database_url) as at:
        await at.make(interval(), asked(), interval())
        assert await at.states() == ["superseded", "waiting", "waiting"]
        (locate,) = await at.lease()
        await at.commands.sent(locate.no, NOON)
        (newer,) = await at.lease()
        await at.make(interval())
        assert await at.states() == ["superseded", "sent", "leased", "waiting"], "a sender has it in hand"
        await at.commands.try_later(newer.no, "the broker is away", NOON + SECOND_US)
        (newest,) = await at.lease()
        assert newest.no == newer.no + 1
        assert (await at.states())[2] == "superseded"


async def test_a_new_command_need_not_wait_for_the_next_try_of_one_before_it(embedded_url: str) -> None:
    async with commands_at(embedded_url) as at:
        (first,) = await at.make(asked())
        await at.lease()
        await at.commands.try_later(first, "nobody is there", NOON + HOUR_US // 2)
        assert await at.commands.next_us() == NOON + HOUR_US // 2
        await at.make(asked(name=CommandName.VIBRATE, made_us=NOON + SECOND_US))
        assert [one.no for one in await at.lease(NOON + SECOND_US)] == [first]
        assert await at.commands.next_us() == NOON + 31 * SECOND_US, "what waits behind another is not counted"


async def test_what_nobody_answers_expires_and_what_never_went_out_was_undeliverable(database_url: str) -> None:
    async with commands_at(database_url) as at:
        sent, held = await at.make(asked(), asked("T2"))
        await at.lease()
        await at.commands.sent(sent, NOON)
        await at.commands.try_later(held, "the broker has no session of this device", NOON + SECOND_US)
        assert await at.commands.expire(NOON + HOUR_US - 1) == []
        ended = await at.commands.expire(NOON + HOUR_US)
        assert {one.state for one in ended} == {CommandState.EXPIRED, CommandState.UNDELIVERABLE}
        assert await at.states() == ["expired", "undeliverable"]
        assert await at.lease(NOON + HOUR_US) == []
        assert await at.commands.expire(NOON + HOUR_US) == []
        assert await at.commands.next_us() is None


async def test_a_late_answer_counts_and_is_marked_and_a_late_refusal_leaves_it_expired(database_url: str) -> None:
    async with commands_at(database_url) as at:
        await at.make(asked(), asked(name=CommandName.VIBRATE))
        one, two = (await at.lease())[0], None
        await at.commands.sent(one.no, NOON)
        (two,) = await at.lease()
        await at.commands.sent(two.no, NOON)
        later = NOON + 2 * HOUR_US
        await at.commands.expire(later)
        await at.said((one.command.id, True), (two.command.id, False), at_us=later)
        first, second = await at.enter(later + 2 * SECOND_US)
        assert (first.state, first.late) == (CommandState.OK, True)
        assert (second.state, second.late) == (CommandState.EXPIRED, True)


async def test_answers_that_come_again_or_to_nothing_change_nothing(database_url: str) -> None:
    async with commands_at(database_url) as at:
        await at.make(asked())
        (leased,) = await at.lease()
        await at.said((leased.command.id, True), (leased.command.id, False), ("nothing", True))
        assert [one is not None for one in await at.enter(NOON + MINUTE_US)] == [True, False, False]
        await at.commands.sent(leased.no, NOON + MINUTE_US)
        assert await at.states() == ["ok"], "the answer came before the sender knew that it was sent"
        await at.said((leased.command.id, False), device=1)
        assert await at.enter(NOON + MINUTE_US) == [None], "another device cannot answer for it"
        assert await at.enter(NOON + MINUTE_US) == [], "each is read once"
        async with at.commands.changing() as conn:
            assert await is_known(conn, "T1", leased.command.id)
            assert not await is_known(conn, "T2", leased.command.id)


class Interrupted(Exception):
    """A follower that is ended in the middle."""


async def interrupted(at: Commands) -> None:
    async with at.commands.results(NOON + MINUTE_US) as (_, found):
        assert len(found) == 1
        async with at.commands.results(NOON + MINUTE_US) as (_, others):
            assert others == []
        raise Interrupted


async def test_answers_are_read_by_one_at_a_time_and_again_when_that_one_fails(embedded_url: str) -> None:
    async with commands_at(embedded_url) as at:
        await at.make(asked())
        (leased,) = await at.lease()
        await at.said((leased.command.id, True))
        with pytest.raises(Interrupted):
            await interrupted(at)
        assert len(await at.enter(NOON + MINUTE_US)) == 1


async def test_so_many_open_and_no_more(embedded_url: str) -> None:
    async with commands_at(embedded_url) as at:
        await at.make(*[asked()] * MOST_OPEN)
        with pytest.raises(TooManyOpen):
            await at.make(asked())
        await at.make(asked("T2"))
        assert len(await at.states()) == MOST_OPEN + 1


async def test_two_senders_never_have_one_command(database_url: str) -> None:
    async with commands_at(database_url) as at, await DeviceCommands.open(database_url) as other:
        many = [asked(f"X{n}") for n in range(60)]
        await at.make(*many)
        until = NOON + MINUTE_US
        rounds = await asyncio.gather(*(side.lease(NOON, until, 10) for side in (at.commands, other) * 6))
        numbers = [one.no for some in rounds for one in some]
        assert sorted(numbers) == sorted(set(numbers))
        assert len(numbers) + len(await at.lease(limit=100)) == 60


async def test_who_listens_is_woken_by_the_commit(database_url: str) -> None:
    async with commands_at(database_url) as at, at.commands.listen() as wakes:
        async with at.commands.changing() as conn:
            await make(conn, asked())
        await asyncio.wait_for(anext(wakes), 5)


async def test_commands_of_a_device_are_seen_by_whoever_sees_the_device(database_url: str) -> None:
    unit = [
        Version(Victim("V1", "Invented V1")),
        Version(Device("U1", DeviceKind.VICTIM_UNIT)),
        Version(Fitting("F-V1", "U1", NOON - DAY_US, victim="V1")),
    ]
    async with commands_at(database_url, *unit) as at:
        mine, theirs, protected = await at.make(asked(), asked("T2"), asked("U1"))
        sight = Sight(wearers=frozenset({"W1"}))
        assert [row.no for row in await at.commands.of_device(sight, "T1", None, 10)] == [mine]
        assert await at.commands.of_device(sight, "T2", None, 10) == []
        assert await at.commands.command(sight, theirs) is None
        assert await at.commands.command(replace(sight, everything=True), theirs) is not None
        assert await at.commands.command(replace(sight, everything=True), protected) is None
        assert await at.commands.command(EVERYTHING, protected) is not None
        assert await at.commands.command(Sight(), mine) is None


async def test_processes_may_do_their_part_and_no_more(database_url: str) -> None:
    async with commands_at(database_url) as at:
        with login_as(database_url, "bailiwick_api") as url:
            async with await DeviceCommands.open(url) as api:
                async with api.changing() as conn:
                    await make(conn, interval())
                    await make(conn, asked())
                assert len(await api.of_device(EVERYTHING, "T1", None, 10)) == 2
                assert await api.device("T1", NOON) is not None
                assert await api.protected_from("W1") == []
            refused(url, "UPDATE device_commands SET args = '{}' RETURNING 1")
            refused(url, "UPDATE device_commands SET answered_at = now() RETURNING 1")
            refused(url, "DELETE FROM device_commands RETURNING 1")
            refused(url, "INSERT INTO device_intervals SELECT * FROM device_intervals RETURNING 1")
        with login_as(database_url, "bailiwick_dispatch") as url:
            async with await DeviceCommands.open(url) as dispatch:
                leased = await dispatch.lease(NOON, NOON + MINUTE_US, 10)
                await dispatch.sent(leased[0].no, NOON)
                await at.said((leased[0].command.id, True))
                dispatching = Commands(at.store, dispatch, url, at.roster)
                assert [one.state for one in await dispatching.enter(NOON + MINUTE_US)] == ["ok"]
                assert await dispatch.lease(NOON + HOUR_US, NOON + HOUR_US, 1) == []
                assert {one.state for one in await dispatch.expire(NOON + DAY_US)} == {CommandState.UNDELIVERABLE}
            refused(url, "SELECT data FROM equipment_events")
            refused(url, "SELECT lat FROM fixes")
            refused(url, "DELETE FROM device_commands RETURNING 1")
        with login_as(database_url, "bailiwick_ingest") as url:
            refused(url, "UPDATE device_commands SET state = 'ok' RETURNING 1")
            refused(url, "INSERT INTO device_commands (device) VALUES ('T1') RETURNING 1")


async def test_open_commands_and_answers_are_found_by_their_indexes(database_url: str) -> None:
    async with (
        commands_at(database_url) as at,
        await psycopg.AsyncConnection.connect(database_url, autocommit=True) as conn,
    ):
        await at.make(asked())
        await at.said(("nothing", True))
        await configure(conn)
        await conn.execute(b"SET enable_seqscan = off")
        lease = await plan(conn, "lease_commands", {"now": At(NOON), "until": At(NOON), "limit": 10})
        assert "device_commands_open" in indexes(lease)
        bounds = {"after": 0, "upto": 9, "since": At(NOON - DAY_US)}
        row = await (
            await conn.execute(
                b"EXPLAIN (FORMAT JSON) SELECT FROM equipment_events WHERE code = 19 AND commit_no > %(after)s"
                b" AND commit_no <= %(upto)s AND fix_time >= %(since)s",
                bounds,
            )
        ).fetchone()
        assert row is not None
        assert any("equipment_events_results" in name for name in indexes(list(nodes(row[0][0]["Plan"]))))

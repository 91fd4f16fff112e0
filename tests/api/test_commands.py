"""Commands to devices over HTTP: asked for by whoever may, of whom they see, with nothing of a protected person in them."""

from __future__ import annotations

from typing import Any

import pytest

from domain.device_commands import MOST_OPEN
from domain.instants import DAY_US, HOUR_US, SECOND_US, format_instant
from domain.records import Area, Condition, Device, Fitting, Order, Version, Victim
from domain.vocabulary import AreaKind, ConditionKind, DeviceKind, OrderKind
from tests.api.doors import NOBODY, asks
from tests.api.working import OLA, Working, working
from tests.store.made import NOON, wearer_records

SOUTH = asks("sol", "operator", "south")
KEEPER = asks("kim", "device_manager")
VIBRATE = {"command": "vibrate"}


def paired() -> list[Version]:
    """W1 has a victim with a unit of her own; W2 lives in another area, and wears a curfew tag."""
    return [
        Version(Area("south", AreaKind.REGION, "South")),
        Version(Victim("V1", "Mara Quill", contact={"safe_words": "blue kettle"})),
        Version(Device("U1", DeviceKind.VICTIM_UNIT)),
        Version(Fitting("F-V1", "U1", NOON - DAY_US, victim="V1")),
        Version(Condition("P1", "O-W1", ConditionKind.PROXIMITY, victim="V1", alert_m=500.0)),
        *wearer_records("W2", "T2"),
        Version(Order("O-S", "W2", OrderKind.COMMUNITY, NOON - DAY_US, NOON + DAY_US, area="south")),
        Version(Device("R2", DeviceKind.RF_TAG)),
        Version(Fitting("F-R2", "R2", NOON - DAY_US, wearer="W2")),
        Version(Device("owntracks_wes_phone", DeviceKind.GPS_TAG)),
        Version(Fitting("F-P2", "owntracks_wes_phone", NOON - DAY_US, wearer="W2")),
        Version(Device("T9", DeviceKind.GPS_TAG)),
    ]


async def refused(at: Working, device: str, body: Any, status: int, field: str | None = None, who: Any = OLA) -> str:
    answer = await at.post(f"devices/{device}/commands", body, who)
    assert answer.status_code == status, answer.text
    if field is not None:
        assert answer.json()["errors"][0]["field"] == field, answer.text
    return str(answer.json().get("detail"))


async def test_a_command_is_made_read_and_in_the_audit(database_url: str) -> None:
    async with working(database_url, *paired(), alerts=0) as at:
        body = {"command": "set_interval", "args": {"interval_s": 15, "upload_s": 30}, "expires_in_s": 60}
        made = await at.post("devices/T1/commands", body, Bailiwick_Purpose="an open alert")
        assert made.status_code == 202
        told = made.json()
        assert (told["device"], told["command"], told["args"]) == ("T1", "set_interval", body["args"])
        assert (told["state"], told["cause"], told["by"], told["by_role"]) == ("waiting", "person", "ola", "operator")
        assert told["expires"] == format_instant(at.clock() + 60 * SECOND_US)
        assert (await at.get(f"commands/{told['id']}")).json() == told
        assert (await at.get("devices/T1/commands")).json() == {"items": [told], "next": None}
        ((entry,),) = at.ask("SELECT body FROM audit_bodies")
        assert (entry["who"], entry["deed"], entry["why"]) == ("ola", "commands.write", "an open alert")
        assert (entry["subject_type"], entry["subjects"]) == ("wearer", ["W1"])
        assert entry["details"] == {"device": "T1", "command": "set_interval", "number": told["id"]}


async def test_each_command_has_its_arguments_and_its_life(embedded_url: str) -> None:
    async with working(embedded_url, *paired(), alerts=0) as at:
        for body, args, lives_us in (
            ({"command": "locate_now"}, {}, HOUR_US // 12),
            (VIBRATE, {}, HOUR_US // 12),
            ({"command": "message", "args": {"text": "Ring us."}}, {"text": "Ring us."}, HOUR_US),
            ({"command": "resend", "args": {"from": 5, "to": 9}}, {"gen": 0, "from": 5, "to": 9}, HOUR_US),
        ):
            told = (await at.post("devices/T1/commands", body)).json()
            assert told["args"] == args
            assert told["expires"] == format_instant(at.clock() + lives_us)


BAD: list[tuple[Any, str]] = [
    ({"command": "explode"}, "body"),
    ({"args": {}}, "body"),
    ({"command": ["vibrate"]}, "body"),
    (["vibrate"], "body"),
    ({"command": "locate_now", "args": {"text": "x"}}, "args.text"),
    ({"command": "message"}, "args"),
    ({"command": "message", "args": {"text": ""}}, "args.text"),
    ({"command": "message", "args": {"text": "x" * 501}}, "args.text"),
    ({"command": "set_interval", "args": {"interval_s": 0, "upload_s": 5}}, "args.interval_s"),
    ({"command": "set_interval", "args": {"interval_s": 61, "upload_s": 61}}, "args.interval_s"),
    ({"command": "set_interval", "args": {"interval_s": 60, "upload_s": 61}}, "args.upload_s"),
    ({"command": "set_interval", "args": {"interval_s": "15", "upload_s": 15}}, "args.interval_s"),
    ({"command": "resend", "args": {"from": 9, "to": 5}}, "args.to"),
    ({"command": "resend", "args": {"from": 1, "to": 5001}}, "args.to"),
    ({"command": "resend", "args": {"from": 1, "to": 2**53}}, "args.to"),
    ({"command": "resend", "args": {"gen": 2**53, "from": 1, "to": 2}}, "args.gen"),
    ({"command": "vibrate", "expires_in_s": 9}, "expires_in_s"),
    ({"command": "vibrate", "expires_in_s": 86_401}, "expires_in_s"),
    ({"command": "vibrate", "id": "mine"}, "id"),
]


async def test_what_no_device_could_act_on_is_refused_by_its_field(embedded_url: str) -> None:
    async with working(embedded_url, *paired(), alerts=0) as at:
        for body, field in BAD:
            answer = await at.post("devices/T1/commands", body)
            assert answer.status_code == 422, (body, answer.text)
            assert "explode" not in answer.text
            assert any(error["field"].endswith(field) for error in answer.json()["errors"]), (body, answer.text)
        assert at.ask("SELECT count(*) FROM device_commands") == [(0,)]
        assert at.ask("SELECT count(*) FROM audit_bodies") == [(0,)]


async def test_what_cannot_be_told_anything_is_not_asked(embedded_url: str) -> None:
    async with working(embedded_url, *paired(), alerts=0) as at:
        assert "connection" in await refused(at, "R2", VIBRATE, 422, "device")
        assert "adapter" in await refused(at, "owntracks_wes_phone", VIBRATE, 422, "device")
        assert "nobody wears" in await refused(at, "T9", VIBRATE, 422, "device")
        await refused(at, "T8", VIBRATE, 404)
        await refused(at, "T1!", VIBRATE, 422)


async def test_a_text_holds_nothing_of_who_is_protected(database_url: str) -> None:
    async with working(database_url, *paired(), alerts=0) as at:
        for text in ("Leave Mara alone", "near U1", "V1 is near", "blue kettle", "avoid TN1 2AB", "312 m away"):
            answer = await at.post("devices/T1/commands", {"command": "message", "args": {"text": text}})
            assert answer.status_code == 422, text
            assert answer.json()["errors"][0]["field"] == "args.text"
            assert "Mara" not in answer.text
            assert "kettle" not in answer.text
        to_w2 = {"command": "message", "args": {"text": "Come to TN1 2AB. Mara Quill is your officer."}}
        assert (await at.post("devices/T2/commands", to_w2)).status_code == 202, "nobody is protected from W2"
        await refused(at, "U1", {"command": "message", "args": {"text": "He is near"}}, 422, "command")
        assert (await at.post("devices/U1/commands", {"command": "locate_now"})).status_code == 202
        rows = at.ask("SELECT body -> 'subject_type', body -> 'subjects' FROM audit_bodies ORDER BY body_no")
        assert rows == [("wearer", ["W2"]), ("victim", ["V1"])]


async def test_who_was_once_protected_stays_so_for_texts(embedded_url: str) -> None:
    over = Version(Order("O-OLD", "W2", OrderKind.BAIL, NOON - 9 * DAY_US, NOON - 8 * DAY_US))
    pair = Version(Condition("P-OLD", "O-OLD", ConditionKind.PROXIMITY, victim="V1", alert_m=500.0))
    async with working(embedded_url, *paired(), over, pair, alerts=0) as at:
        await refused(at, "T2", {"command": "message", "args": {"text": "Mara"}}, 422, "args.text")


async def test_whom_they_do_not_see_they_do_not_ask(database_url: str) -> None:
    async with working(database_url, *paired(), alerts=0) as at:
        mine = (await at.post("devices/T2/commands", VIBRATE, SOUTH)).json()
        theirs = (await at.post("devices/T1/commands", VIBRATE)).json()
        unit = (await at.post("devices/U1/commands", VIBRATE)).json()
        await refused(at, "T1", VIBRATE, 404, who=SOUTH)
        await refused(at, "U1", VIBRATE, 404, who=SOUTH)
        for path, status in (
            ("devices/T1/commands", 404),
            ("devices/T2/commands", 200),
            (f"commands/{theirs['id']}", 404),
            (f"commands/{unit['id']}", 404),
            (f"commands/{mine['id']}", 200),
            ("commands/999", 404),
            (f"commands/{2**63}", 404),
        ):
            assert (await at.get(path, SOUTH)).status_code == status, path


async def test_what_was_asked_of_whom_wore_it_before_stays_with_them(database_url: str) -> None:
    """T1 goes from W1 to W2, who lives in the south: the text that was written to W1 is not for who looks after W2."""
    async with working(database_url, *paired(), alerts=0) as at:
        text = {"command": "message", "args": {"text": "Ring your officer."}}
        before = (await at.post("devices/T1/commands", text)).json()["id"]
        at.clock.forward(60)
        swap = at.clock()
        await at.made.learn(
            Version(Fitting("F-W1", "T1", NOON - DAY_US, swap, wearer="W1")),
            Version(Fitting("F-W2b", "T1", swap, wearer="W2")),
        )
        at.clock.forward(60)
        after = (await at.post("devices/T1/commands", VIBRATE, SOUTH)).json()["id"]
        assert [one["id"] for one in (await at.get("devices/T1/commands", SOUTH)).json()["items"]] == [after]
        assert (await at.get(f"commands/{before}", SOUTH)).status_code == 404
        everything = (await at.get("devices/T1/commands")).json()["items"]
        assert [one["id"] for one in everything] == [after, before]


async def test_roles(embedded_url: str) -> None:
    async with working(embedded_url, *paired(), alerts=0) as at:
        text = {"command": "message", "args": {"text": "Ring us."}}
        told = (await at.post("devices/T1/commands", text)).json()
        unit = (await at.post("devices/U1/commands", VIBRATE)).json()
        await refused(at, "T1", VIBRATE, 401, who=NOBODY)
        for role in ("officer", "police", "field", "device_manager", "auditor", "administrator", "victim_liaison"):
            await refused(at, "T1", VIBRATE, 403, who=asks("x", role))
        for role, status in (("supervisor", 200), ("duty_manager", 200), ("officer", 403), ("auditor", 403)):
            assert (await at.get("devices/T1/commands", asks("x", role))).status_code == status
        seen = (await at.get(f"commands/{told['id']}", KEEPER)).json()
        assert (seen["state"], seen["args"]) == ("waiting", {}), "that there was a text, not what it said"
        assert (await at.get(f"commands/{unit['id']}", KEEPER)).status_code == 404, (
            "a protected person's is the centre's"
        )
        assert (await at.get("devices/U1/commands", KEEPER)).status_code == 404


async def test_a_request_that_names_itself_is_done_once(database_url: str) -> None:
    async with working(database_url, *paired(), alerts=0) as at:
        first = await at.post("devices/T1/commands", VIBRATE, Idempotency_Key="k1")
        again = await at.post("devices/T1/commands", VIBRATE, Idempotency_Key="k1")
        assert again.json() == first.json()
        assert again.headers["idempotency-replayed"] == "true"
        assert (
            await at.post("devices/T1/commands", {"command": "locate_now"}, Idempotency_Key="k1")
        ).status_code == 422
        assert at.ask("SELECT count(*) FROM device_commands") == [(1,)]


async def test_so_many_are_open_and_no_more(embedded_url: str) -> None:
    async with working(embedded_url, *paired(), alerts=0) as at:
        for _ in range(MOST_OPEN):
            assert (await at.post("devices/T1/commands", VIBRATE)).status_code == 202
        assert "open already" in await refused(at, "T1", VIBRATE, 409)
        assert at.ask("SELECT count(*) FROM audit_bodies") == [(MOST_OPEN,)]


async def test_pages_go_on_from_the_last_row(embedded_url: str) -> None:
    async with working(embedded_url, *paired(), alerts=0) as at:
        made = [(await at.post("devices/T1/commands", VIBRATE)).json()["id"] for _ in range(5)]
        found: list[str] = []
        path: str | None = "devices/T1/commands?limit=2"
        while path is not None:
            page = (await at.get(path)).json()
            found += [item["id"] for item in page["items"]]
            path = None if page["next"] is None else page["next"].removeprefix("/api/v1/")
        assert found == made[::-1]


@pytest.mark.parametrize("text", ["a\\u0000b", "a\\ud800b"])
async def test_a_text_that_cannot_be_kept_is_refused(embedded_url: str, text: str) -> None:
    async with working(embedded_url, *paired(), alerts=0) as at:
        body = '{"command": "message", "args": {"text": "%s"}}' % text  # noqa: UP031
        headers = OLA | {"Content-Type": "application/json"}
        answer = await at.client.post("/api/v1/devices/T2/commands", content=body, headers=headers)
        assert answer.status_code == 422, answer.text
        assert at.ask("SELECT count(*) FROM device_commands") == [(0,)]


@pytest.mark.parametrize("path", ["devices/T1/commands?cursor=x", "devices/T1/commands?limit=0", "commands/x"])
async def test_bad_questions_are_problems(embedded_url: str, path: str) -> None:
    async with working(embedded_url, *paired(), alerts=0) as at:
        assert (await at.get(path)).status_code == 422

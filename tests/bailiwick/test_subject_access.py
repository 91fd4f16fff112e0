"""`bailiwick subject-access` on real databases: everything of the wearer's own, who looked and why, nothing of a protected person."""

from __future__ import annotations

import csv
import json
import stat
import zipfile
from pathlib import Path

import pytest

from alerts.desk import Desk, Item, Wish
from alerts.desk_records import Contact, DeskRecords, Party
from alerts.machine import Actor
from bailiwick.export_command import CannotExport
from bailiwick.settings import Settings
from bailiwick.subject_access import INDEX, TOLD, NoSuchWearer, subject_access_command
from domain.callers import Caller
from domain.instants import HOUR_US
from domain.records import Circle, Condition, Device, Fitting, Version, Victim, Wearer
from domain.violations import FactId
from domain.vocabulary import AlertEvent, Channel, ConditionKind, DeviceKind, Kind, Role
from store.audit import entry_of
from tests.store.alert_making import Made, alerts_at
from tests.store.made import NOON, ask, fixes_of, violation_of, wearer_records
from tests.store.test_audit import looked
from tests.store.test_roles import guide

OLA = Actor("ola", Role.OPERATOR)
EVE = Caller("eve.employee", Role.OFFICER, address="192.0.2.9")
HIDDEN = (
    "v1",
    "vera",
    "secretname",
    "u1",
    "1632 960777",
    "01632960777",
    "960777",
    "960 777",
    "53.98765",
    "2.45678",
    "chipping",
)
"""Whatever V1 could be known or found by."""


def victims() -> list[Version]:
    contact = {"safe_channels": ["sms"], "phone": "+44 1632 960777", "address": "9 Chipping Row"}
    near = Condition("P-W1", "O-W1", ConditionKind.PROXIMITY, victim="V1", alert_m=500.0, prealert_m=1000.0)
    zone = Condition("Z-W1", "O-W1", ConditionKind.EXCLUSION_ZONE, "Vera's street", shape=Circle(0.75, 51.5, 300.0))
    records = (
        *(
            Wearer("W1", "Zebedee Secretname", phones=("+44 7700 900123",)),
            Victim("V1", "Vera Secretname", contact=contact),
        ),
        *(Device("U1", DeviceKind.VICTIM_UNIT), Fitting("F-V1", "U1", NOON - 24 * HOUR_US, victim="V1"), near, zone),
    )
    return [*map(Version, records), *wearer_records("W2", "T2")]


async def a_pair(made: Made) -> None:
    """Both move, they meet, people work on it and speak with both, and others look."""
    own = fixes_of(made.roster.index["T1"], [1, 2, 3])
    hers = fixes_of(made.roster.index["U1"], [1, 2])
    hers["lat"], hers["lon"] = 53.98765, 2.45678
    await made.commit(facts=own)
    await made.commit(facts=hers)
    met = violation_of("W1-1", kind=Kind.PROXIMITY_ALERT, victim="V1", condition="P-W1", evidence=(FactId("U1", 0, 1),))
    await made.commit([met])
    await made.raised("W1-2")
    await made.look()
    desk, records = (
        Desk(made.work, guide, lambda: NOON + HOUR_US),
        DeskRecords(made.work, guide, lambda: NOON + HOUR_US),
    )
    await desk.act(Item(2), Wish(AlertEvent.CLAIM, note="he says that he was at the shop"), OLA)
    await desk.act(Item(2), Wish(AlertEvent.ACTION, note="rang VERA, who is well"), OLA)
    await desk.act(Item(2), Wish(AlertEvent.ACTION, note="rang (01632) 960 777 again"), OLA)
    await records.contact(2, Contact(Party.WEARER, Channel.CALL, answered=True, said="marmalade"), OLA)
    await records.contact(None, Contact(Party.VICTIM, Channel.CALL, answered=True, said="afraid", victim="V1"), OLA)
    await made.store.audit.look(looked("W1", at_us=NOON + HOUR_US, who=EVE, shown="trail"))
    await made.store.audit.look(looked(*(f"W{n}" for n in range(40)), at_us=NOON + HOUR_US))
    await made.store.audit.look(entry_of(EVE, NOON, "positions.read", "wearer", ["W1"], "Vera asked where he is"))
    await made.store.audit.look(looked("W2"))


def everything(folder: Path) -> str:
    return "\n".join(
        path.read_text(encoding="utf-8") for path in sorted(folder.iterdir()) if path.name != INDEX
    ).lower()


@pytest.mark.slow
async def test_everything_of_the_wearer_and_nothing_of_a_protected_person(database_url: str, tmp_path: Path) -> None:
    import asyncio  # noqa: PLC0415 - the command has a loop of its own

    folder = tmp_path / "W1"
    async with alerts_at(database_url, *victims()) as made:
        await a_pair(made)
        await asyncio.to_thread(subject_access_command, Settings(database_url=database_url), "W1", folder, "a request")
        text = everything(folder)
        assert [word for word in HIDDEN if word in text.replace("zebedee secretname", "")] == []
        for own in ("zebedee secretname", "+44 7700 900123", "at the shop", "marmalade", "51.25", "w1-2"):
            assert own in text, own
        assert "w2" not in text
        assert len(rows(folder / "fixes.csv")) == 3, "every own point, whatever others may see of it"
        looks = rows(folder / "looks.csv")
        told = [(one["role"], one["done"], one["more"], one["why"]) for one in looks]
        assert told == [
            ("officer", "positions.read", "trail", "an alert"),
            ("operator", "positions.read", "", "an alert"),
            ("administrator", "subject_access", "", "a request"),
        ], "one whose reason names the protected person is withheld"
        assert [word for word in ("eve.employee", '"ola"', "192.0.2") if word in text] == [], "staff are told by role"
        assert rows(folder / "violations_near.csv")[0]["id"] == "W1-1"
        assert rows(folder / "conditions_near.csv")[0]["alert_m"] == "500"
        (zone,) = [json.loads(line) for line in (folder / "zones.jsonl").read_text().splitlines()]
        assert zone["zone"] == {"type": "Circle", "center": [0.75, 51.5], "radius_m": 300}
        index = (folder / INDEX).read_text()
        for path in folder.iterdir():
            assert path.name == INDEX or (path.name in index and path.name in TOLD), path.name
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        told = ask(
            database_url, "SELECT body ->> 'deed', body ->> 'why' FROM audit_bodies ORDER BY body_no DESC LIMIT 1"
        )
        assert told == [("subject_access", "a request")]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


async def test_as_one_file_and_what_is_refused(embedded_url: str, tmp_path: Path) -> None:
    import asyncio  # noqa: PLC0415

    settings = Settings(database_url=embedded_url)
    async with alerts_at(embedded_url, *victims()):
        with pytest.raises(NoSuchWearer):
            await asyncio.to_thread(subject_access_command, settings, "W99", tmp_path / "none", None)
        (tmp_path / "full").mkdir()
        (tmp_path / "full" / "a").touch()
        with pytest.raises(CannotExport):
            await asyncio.to_thread(subject_access_command, settings, "W1", tmp_path / "full", None)
        folder = tmp_path / "W1"
        await asyncio.to_thread(subject_access_command, settings, "W1", folder, None, as_zip=True)
        assert not folder.exists()
        with zipfile.ZipFile(tmp_path / "W1.zip") as made:
            assert INDEX in made.namelist()
            assert b"Vera" not in b"".join(made.read(name) for name in made.namelist())

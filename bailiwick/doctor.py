"""``bailiwick doctor``: settings, database, broker, clock, time-zone data; what is wrong, and what to do about it."""

from __future__ import annotations

import asyncio
import ctypes
import json
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from importlib.metadata import version

from api.basemap import TileServer, basemap_of
from bailiwick.broker_survey import BrokerSurvey, survey_broker
from bailiwick.pack_key import signing_key
from bailiwick.settings import Settings
from domain.audit_chain import day_before
from domain.errors import BadSetting, BailiwickError
from domain.vocabulary import Role
from store import Reading, Store
from store.reconciling import Reconciliation
from store.store import ConnectionLost
from store.survey import Survey, messages_an_hour, survey

CLOCK_OFF_MAX_S = 1.0
HEADROOM_WARN = 0.5
HEADROOM_BAD = 0.1
CONNECTIONS_LEFT_MIN = 10
TZDATA_OLD_YEARS = 1
MOST_COUNTED = 100
"""Administrators."""
NOT_SYNCHRONISED = 5
"""TIME_ERROR of adjtimex."""
_TIMEX_BYTES = 512
FAILED = 1
MOSQUITTO = "mosquitto"
DATABASE_AWAY = "see that it runs and that BAILIWICK_DATABASE_URL is right"


class Verdict(StrEnum):
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. ``advice`` says what to do about it; empty when it is good."""

    about: str
    verdict: Verdict
    found: str
    advice: str = ""

    def as_line(self) -> str:
        advice = f"\n{'':21}-> {self.advice}" if self.advice else ""
        return f"{self.verdict.value:8} {self.about:11} {self.found}{advice}"


def doctor_command(settings: Settings, *, as_json: bool = False) -> int:
    """Prints what was found; 0 when nothing is bad."""
    findings = asyncio.run(_collect(settings))
    if as_json:
        print(json.dumps({"settings": settings.shown(), "findings": [asdict(finding) for finding in findings]}))
    else:
        for name, value in settings.shown().items():
            print(f"{name}={'' if value is None else value}")
        print("\n".join(["", *(finding.as_line() for finding in findings)]))
    return FAILED if any(finding.verdict is Verdict.BAD for finding in findings) else 0


async def _collect(settings: Settings) -> list[Finding]:
    found = [Finding("settings", Verdict.GOOD, "each is known and possible")]
    found += [finding async for finding in _database(settings)]
    found += [finding async for finding in _broker(settings)]
    found.append(about_adapters(settings.adapter_names()))
    found.append(about_signing(settings, datetime.now(UTC)))
    return [*found, await about_basemap(settings.basemap), *_clock(), *_time_zones()]


async def _database(settings: Settings) -> AsyncIterator[Finding]:
    if settings.database_url is None:
        yield Finding("database", Verdict.BAD, "not set", "set BAILIWICK_DATABASE_URL")
        return
    try:
        for finding in about_server(await survey(settings.database_url)):
            yield finding
        async with await Reading.open(settings.database_url) as reading:
            wrong = await reading.ready()
            if wrong:
                found, _, advice = wrong.partition("; ")
                yield Finding("schema", Verdict.BAD, found, advice or DATABASE_AWAY)
                return
            yield Finding("schema", Verdict.GOOD, "current")
            yield about_headroom((await reading.counts()).headroom)
            for finding in about_reconciliation(await reading.reconciliation()):
                yield finding
        async with await Store.open(settings.database_url) as store:
            administrators = await store.accounts.page(None, MOST_COUNTED, Role.ADMINISTRATOR)
            yield about_sign_in(sum(one.disabled_us is None for one in administrators))
            anchored = await store.audit_log.newest_anchor()
            yield about_anchors(settings.audit_key is not None, anchored, day_before(time.time_ns() // 1000))
            yield about_retention(await store.retention.newest_day(), day_before(time.time_ns() // 1000))
    except ConnectionLost as error:
        why = " ".join(str(error).split())
        yield Finding("database", Verdict.BAD, why, DATABASE_AWAY)


def about_server(found: Survey) -> Iterator[Finding]:
    """Edition, safety, connections, clock."""
    size = f"{found.size_bytes / (1 << 20):,.0f} MB"
    if found.timescaledb is None:
        advice = "fine for a trial; TimescaleDB keeps a large database quick (docs/deployment.md)"
        yield Finding("database", Verdict.WARNING, f"{found.edition}, {size}", advice)
    else:
        yield Finding("database", Verdict.GOOD, f"{found.edition}, {size}")
    if found.unsafe:
        advice = "turn it on: what was acknowledged to a device would not survive a power cut"
        yield Finding("durability", Verdict.BAD, ", ".join(found.unsafe), advice)
    if found.connections_left < CONNECTIONS_LEFT_MIN:
        yield Finding("connections", Verdict.WARNING, f"{found.connections_left} left", "raise max_connections")
    ahead_s = found.clock_ahead_us / 1e6
    verdict = Verdict.GOOD if abs(ahead_s) <= CLOCK_OFF_MAX_S else Verdict.BAD
    advice = "" if verdict is Verdict.GOOD else "let both machines take their time from one service"
    yield Finding("clocks", verdict, f"the database's is {ahead_s:+.3f} s from ours", advice)


def about_headroom(headroom: dict[str, float]) -> Finding:
    """How full the fullest number is (failure 01)."""
    name, left = min(headroom.items(), key=lambda pair: pair[1], default=("none", 1.0))
    text = f"{left:.1%} of the numbers of {name} are left, the fewest of all"
    if left > HEADROOM_WARN:
        return Finding("headroom", Verdict.GOOD, text)
    return Finding(
        "headroom", Verdict.BAD if left < HEADROOM_BAD else Verdict.WARNING, text, "widen it now, by a migration"
    )


def about_sign_in(administrators: int) -> Finding:
    """Whether somebody can make accounts, and let them in again."""
    if administrators >= 2:
        return Finding("sign-in", Verdict.GOOD, f"{administrators} administrators")
    found = "one administrator, whom nobody else can let in again" if administrators else "no administrator"
    return Finding("sign-in", Verdict.WARNING, found, "`bailiwick accounts add NAME --role administrator`")


def about_signing(settings: Settings, now: datetime) -> Finding:
    """Whether breach packs can be signed: the key, its certificate's time, and that the two belong together."""
    try:
        key = signing_key(settings)
    except BadSetting as error:
        return Finding("packs", Verdict.BAD, str(error), "see docs/packs.md")
    if key is None:
        advice = "set BAILIWICK_SIGNING_KEY: nothing shows that an unsigned pack was not changed"
        return Finding("packs", Verdict.WARNING, "breach packs are not signed", advice)
    wrong = key.wrong_at(now) or key.does_not_match()
    if wrong is not None:
        return Finding("packs", Verdict.BAD, wrong, "set another key with BAILIWICK_SIGNING_KEY")
    if key.own_word_alone:
        advice = "have its certificate signed by an authority that courts know"
        return Finding("packs", Verdict.WARNING, f"packs are signed: {key.described()}", advice)
    return Finding("packs", Verdict.GOOD, f"packs are signed: {key.described()}")


def about_anchors(has_key: bool, newest: str | None, yesterday: str) -> Finding:
    """Whether somebody who owns the database could write the audit anew."""
    if not has_key and newest is None:
        advice = (
            "`bailiwick audit-key`, and BAILIWICK_AUDIT_KEY for dispatch: else the database's owner could write it anew"
        )
        return Finding("audit", Verdict.WARNING, "no day is anchored", advice)
    if newest is None or newest < yesterday:
        found = "no day is anchored yet" if newest is None else f"the last day that was anchored is {newest}"
        return Finding("audit", Verdict.WARNING, found, "see that dispatch runs and has BAILIWICK_AUDIT_KEY")
    return Finding("audit", Verdict.GOOD, f"anchored up to {newest}; `bailiwick verify-audit` checks it")


def about_retention(newest: str | None, yesterday: str) -> Finding:
    """Whether what is old goes."""
    if newest is None or newest < yesterday:
        found = "never ran" if newest is None else f"was last through on {newest}"
        advice = "see that dispatch runs, with BAILIWICK_RETENTION_DATABASE_URL where its login owns no table"
        return Finding("retention", Verdict.WARNING, found, advice)
    return Finding("retention", Verdict.GOOD, f"through on {newest}")


ADVICE = {
    "orders without fitting": "fit them, or record why not: nobody monitors these people",
    "fittings without order": "remove the devices, or enter the orders: these people are no longer to be monitored",
    "devices without data": "call, visit, or end the fitting: of these nothing came for a day",
    "data without fitting": "enter who wears them, or switch them off: nobody is known to wear these",
    "incomplete devices": "ask again for what is missing (`resend`), then change the device",
}
NAMED = 5


def about_reconciliation(found: Reconciliation) -> Iterator[Finding]:
    """Orders, fittings and data that do not fit together, by name (failure 11); devices with holes (failure 06)."""
    of_devices = [f"{device} ({received / counted:.0%})" for device, received, counted in found.incomplete]
    for what, number in found.numbers().items():
        words = what.replace("_", " ")
        if number:
            names = of_devices if what == "incomplete_devices" else getattr(found, what)
            more = f" and {number - NAMED} more" if number > NAMED else ""
            yield Finding("reconciled", Verdict.WARNING, f"{words}: {', '.join(names[:NAMED])}{more}", ADVICE[words])
    if not any(found.numbers().values()):
        yield Finding("reconciled", Verdict.GOOD, "every order is fitted, every fitting ordered, every device heard")


async def _broker(settings: Settings) -> AsyncIterator[Finding]:
    if settings.mqtt_url is None:
        yield Finding("broker", Verdict.BAD, "not set", "set BAILIWICK_MQTT_URL")
        return
    an_hour = await _an_hour(settings)
    try:
        found = await survey_broker(settings, an_hour)
    except BailiwickError as error:
        yield Finding("broker", Verdict.BAD, str(error), "see that it runs and that BAILIWICK_MQTT_URL is right")
        return
    for finding in about_broker(found, an_hour):
        yield finding


async def _an_hour(settings: Settings) -> int:
    """The messages that the broker takes in an hour; 0 where the database does not say."""
    try:
        if settings.database_url is None:
            return 0
        async with await Reading.open(settings.database_url) as reading:
            if await reading.ready():
                return 0
        return await messages_an_hour(settings.database_url)
    except ConnectionLost:
        return 0


def about_broker(found: BrokerSurvey, an_hour: int = 0) -> Iterator[Finding]:
    """Queues, sessions, packets, and what it has dropped (failure 16). ``an_hour``: the messages that come in an hour, 0: not known."""
    yield Finding("broker", Verdict.GOOD, found.version or "reachable; it does not tell what it is")
    if found.kept is None:
        advice = "let it write and read em/v1/doctor/# (deploy/mosquitto/access.acl)"
        yield Finding("queue", Verdict.WARNING, "not tried: the access list does not let us", advice)
    elif found.kept < found.sent:
        kept = f"of {found.sent} messages for a client that was away, {found.kept} were kept"
        size = f", here about {an_hour:,} an hour" if an_hour else ""
        advice = f"set max_queued_messages to hours of traffic{size}, and persistence true, as in deploy/mosquitto/mosquitto.conf"
        yield Finding("queue", Verdict.BAD, kept, advice)
    else:
        kept = f"kept all of {found.sent} messages for a client that was away"
        untold = ""
        if (found.version or "").startswith(MOSQUITTO):
            untold = "; how many more, and whether over a restart (max_queued_messages, persistence), it does not tell"
        yield Finding("queue", Verdict.GOOD, kept + untold)
    if found.kept is not None and not found.takes_largest:
        advice = "max_packet_size 1048576, as in deploy/mosquitto/mosquitto.conf"
        yield Finding("packets", Verdict.BAD, "a message of 256 KiB did not come through", advice)
    if found.dropped is None:
        yield Finding("dropped", Verdict.WARNING, "it does not tell how many messages it dropped", "watch holes in seq")
    elif found.dropped:
        advice = "raise max_queued_messages; the holes in seq are asked for again"
        yield Finding("dropped", Verdict.WARNING, f"{found.dropped:,} messages since it started", advice)
    else:
        yield Finding("dropped", Verdict.GOOD, "no message since it started")


def about_adapters(names: Sequence[str]) -> Finding:
    """Which other formats are taken: for trials, and said so."""
    if not names:
        return Finding("adapters", Verdict.GOOD, "none: devices speak the wire protocol")
    advice = "for field trials alone: a phone proves neither who carries it nor that it is carried (docs/adapters.md)"
    return Finding("adapters", Verdict.WARNING, f"on: {', '.join(names)}", advice)


A_TILE = (6, 31, 20)
"""England lies in it."""


async def about_basemap(setting: str | None) -> Finding:
    """Whether what lies under the map can be had: a file is read, a tile server asked for one tile."""
    try:
        basemap = basemap_of(setting, lambda: time.time_ns() // 1000)
    except BadSetting as error:
        return Finding("base map", Verdict.BAD, str(error), "name another file in BAILIWICK_BASEMAP, or none")
    try:
        if basemap.tiles is None:
            streets = " with streets" if basemap.streets else ""
            return Finding("base map", Verdict.GOOD, f"the built-in outline{streets}")
        about = basemap.tiles.about
        if isinstance(basemap.tiles, TileServer) and await basemap.tiles.tile(*A_TILE) is None:
            advice = "see that this machine reaches it, and that its key holds; until then maps show the outline"
            return Finding("base map", Verdict.WARNING, "the tile server gave no tile", advice)
        found = f"{about.kind} tiles of zoom {about.min_zoom} to {about.max_zoom}"
        return Finding("base map", Verdict.GOOD, found)
    finally:
        await basemap.aclose()


def _clock() -> Iterator[Finding]:
    if not sys.platform.startswith("linux"):
        return
    state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    if state == NOT_SYNCHRONISED:
        advice = "run a time service (chrony, systemd-timesyncd): decisions go by this clock"
        yield Finding("clock", Verdict.WARNING, "the kernel does not know it to be synchronised", advice)
    elif state >= 0:
        yield Finding("clock", Verdict.GOOD, "synchronised")


def _time_zones() -> Iterator[Finding]:
    installed = version("tzdata")
    if int(installed.partition(".")[0]) < time.gmtime().tm_year - TZDATA_OLD_YEARS:
        yield Finding("time zones", Verdict.WARNING, f"tzdata {installed} is old", "upgrade the tzdata package")
    else:
        yield Finding("time zones", Verdict.GOOD, f"tzdata {installed}")

"""How each operation of the table of access is called about a wearer: a path, a body that is right, headers.

What is asked by somebody who is to be refused is asked about what stands; what is to be done is done to something fresh where
it can be done once alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from domain.instants import DAY_US, HOUR_US, MINUTE_US, format_instant
from tests.api.access_world import FAR, OWN, SINCE, SPARE, SUBJECTS, UNTIL, Subject, World, records_of
from tests.api.doors import asks
from tests.store.made import NOON


@dataclass(frozen=True)
class Call:
    """One request."""

    path: str
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class About:
    """Who asks (`headers`) about whom, by which operation; ``does``: it is to be done, not refused."""

    world: World
    one: Subject
    template: str
    headers: dict[str, str]
    does: bool

    def path(self, **other: Any) -> str:
        """The template with the ids of what stands, or others."""
        return self.template.format_map(standing(self.world, self.one) | {k: str(v) for k, v in other.items()})


Caller = Callable[[About], Awaitable[Call]]

PLURALS: Final = {
    "area": "areas",
    "wearer": "wearers",
    "victim": "victims",
    "device": "devices",
    "fitting": "fittings",
    "order": "orders",
    "condition": "conditions",
    "zone": "zones",
    "absence": "absences",
    "visit": "visits",
    "suspension": "suspensions",
    "equipment_check": "equipment_checks",
    "assessment": "assessments",
}
REFERRED_TO: Final = ("area", "wearer", "victim", "device", "order", "condition", "zone")
"""What others refer to cannot be ended, so that what stands will do."""


def standing(world: World, one: Subject) -> dict[str, str]:
    """The ids of what stands, by the words of paths."""
    word = one.word
    records = {
        "wearer": one.W,
        "victim": one.V,
        "device": one.T,
        "fitting": one.F,
        "order": one.O,
        "condition": one.K,
        "zone": one.Z,
        "absence": one.A,
        "suspension": one.S,
        "visit": one.X,
        "equipment_check": one.E,
        "assessment": one.B,
        "violation": f"{one.W}-1",
        "incident": "outage-1",
        "area": "kent",
        "account": "standing",
        "key": "a" * 12,
        "file": "manifest.json",
    }
    always = ("alert", "contact", "task", "mute", "request", "warrant", "crime", "duty")
    numbers = {name: getattr(world, f"{name}s" if name != "duty" else "duties")[word] for name in always}
    numbers |= {name: getattr(world, f"{name}s").get(word, 0) for name in ("command", "hold", "export")}
    return records | {key: str(number) for key, number in numbers.items()}


def fresh_record(kind: str, one: Subject, word: str) -> dict[str, Any]:
    """A new record of a type about a wearer, without its type."""
    visit_at = format_instant(NOON) if one.visited else SINCE
    future = {"from": format_instant(NOON + 30 * DAY_US), "to": format_instant(NOON + 31 * DAY_US)}
    told: dict[str, dict[str, Any]] = {
        "area": {"id": word, "kind": "district", "parent": "kent"},
        "wearer": {"id": f"W-{word}", "name": f"Newly {word}"},
        "victim": {"id": f"V-{word}", "name": f"Newly {word}"},
        "device": {"id": f"T-{word}", "kind": "gps_tag"},
        "fitting": {"id": f"F-{word}", "wearer": one.W, "device": f"T-{word}", "from": SINCE},
        "order": {
            "id": f"O-{word}",
            "wearer": one.W,
            "kind": "community",
            "from": SINCE,
            "to": UNTIL,
            "area": one.area,
        },
        "condition": {"id": f"C-{word}", "order": one.O, "kind": "trail"},
        "zone": {
            "id": f"Z-{word}",
            "area": one.area,
            "shape": {"type": "Circle", "center": [0.5, 51.9], "radius_m": 100},
        },
        "absence": {"id": f"A-{word}", "condition": one.K, **future},
        "suspension": {"id": f"S-{word}", "order": one.O, **future},
        "visit": {"id": f"X-{word}", "wearer": one.W, "kind": "inspect", "at": visit_at, "outcome": "done"},
        "equipment_check": {"id": f"E-{word}", "device": one.T, "at": SINCE, "result": "sound"},
        "assessment": {"id": f"B-{word}", "violation": f"{one.W}-1", "decision": "upheld"},
    }
    return told[kind]


async def learnt(about: About, kind: str) -> str:
    """A fresh record that ingest has taken; its id."""
    word = about.world.fresh()
    needs = [{"type": "device"} | fresh_record("device", about.one, word)] if kind == "fitting" else []
    record = fresh_record(kind, about.one, word) | ({"at": SINCE} if kind == "assessment" else {})
    await about.world.learn(*needs, {"type": kind} | record)
    return str(record["id"])


# ---- the caseload, each type of record by the same four calls ----


async def create(kind: str, about: About) -> Call:
    word = about.world.fresh()
    record = fresh_record(kind, about.one, word)
    if kind == "fitting":
        record["device"] = await spare(about)
    return Call(about.path(), record)


async def spare(about: About) -> str:
    """A device that lies in a store."""
    if not about.does:
        return SPARE
    record = fresh_record("device", about.one, about.world.fresh())
    await about.world.learn({"type": "device"} | record)
    return str(record["id"])


async def vary(kind: str, about: About) -> Call:
    name = standing(about.world, about.one)[kind]
    record = _as_it_stands(kind, name, about.one) | _varied(kind, about.world)
    return Call(about.path(), record, (("If-Match", about.world.version(kind, name)),))


def _as_it_stands(kind: str, name: str, one: Subject) -> dict[str, Any]:
    if kind == "area":
        return {"id": "kent", "kind": "police_force"}
    (found,) = [record for record in records_of(one) if (record["type"], record["id"]) == (kind, name)]
    ours = {"type", "by", "at"} if kind == "assessment" else {"type"}
    return {key: value for key, value in found.items() if key not in ours}


def _varied(kind: str, world: World) -> dict[str, Any]:
    number = next(world.given_out)
    text = f"varied {number}"
    return {
        "area": {"name": text},
        "wearer": {"language": text[:35]},
        "victim": {"vulnerable": number % 2 == 0},
        "device": {"model": text},
        "fitting": {"to": format_instant(NOON + number * DAY_US)},
        "order": {"notifying_organisation": text},
        "condition": {"name": text},
        "zone": {"name": text},
        "absence": {"reason": text},
        "suspension": {"reason": text},
        "visit": {"outcome": OUTCOMES[number % 2]},
        "equipment_check": {"result": text},
        "assessment": {"reason": text},
    }[kind]


OUTCOMES: Final = ("done", "no_answer")


async def end(kind: str, about: About) -> Call:
    name = standing(about.world, about.one)[kind]
    if about.does and kind not in REFERRED_TO:
        name = await learnt(about, kind)
    return Call(about.path(**{kind: name}), None, (("If-Match", about.world.version(kind, name)),))


async def swap(about: About) -> Call:
    name = await learnt(about, "fitting") if about.does else about.one.F
    body = {"id": f"F-{about.world.fresh()}", "device": await spare(about), "at": format_instant(NOON - 5 * DAY_US)}
    return Call(about.path(fitting=name), body, (("If-Match", about.world.version("fitting", name)),))


async def preview(kind: str, about: About) -> Call:
    record = fresh_record(kind, about.one, about.world.fresh())
    return Call(about.path(), {"record": record, "from": SINCE, "to": format_instant(NOON)})


async def draw(about: About) -> Call:
    shape = {"type": "Circle", "center": [0.5, 51.9], "radius_m": 100}
    return Call(about.path(), {"shape": shape, "order": about.one.O})


async def shift(about: About) -> Call:
    return Call(about.path(), _shift(about))


def _shift(about: About) -> dict[str, Any]:
    word = about.world.fresh()
    told = {"id": f"R-{word}", "role": "supervisor", "person": "pia", "name": "Pia Able", "area": about.one.area}
    return told | {"from": SINCE, "to": format_instant(NOON + DAY_US)}


async def end_shift(about: About) -> Call:
    if not about.does:
        return Call(about.path(shift="R-nobody"))
    body = _shift(about)
    answer = await about.world.client.post("/api/v1/rota/shifts", json=body, headers=asks("sam", "supervisor"))
    assert answer.status_code == 201, answer.text
    return Call(about.path(shift=body["id"]))


PROTOCOLS: Final = """
version = {0}
[[protocol]]
id = "all"
version = {0}
title = "Whatever it is"
steps = [
  {{ after_s = 120, action = "escalate", to = "supervisor", by = ["sms"], text = "unclaimed", stop = ["claimed"] }},
  {{ after_s = 300, action = "escalate", to = "duty_manager", by = ["sms"], text = "unclaimed", stop = ["claimed"], repeat_s = 600 }},
  {{ after_s = 3600, action = "escalate", to = "duty_manager", by = ["sms"], text = "still_open", repeat_s = 3600 }},
]
"""


def _protocols(about: About) -> tuple[int, dict[str, str]]:
    version = 100 + next(about.world.given_out)
    return version, {"text": PROTOCOLS.format(version)}


async def protocols(about: About) -> Call:
    return Call(about.path(), _protocols(about)[1])


async def version_of_protocols(about: About) -> Call:
    if not about.does:
        return Call(about.path(version=1))
    version, body = _protocols(about)
    answer = await about.world.client.post("/api/v1/protocols", json=body, headers=asks("sam", "supervisor"))
    assert answer.status_code == 201, answer.text
    return Call(about.path(version=version))


async def many(about: About) -> Call:
    record = {"type": "absence"} | fresh_record("absence", about.one, about.world.fresh())
    return Call(about.path(), {"records": [record]})


# ---- alerts ----


async def to_alert(event: str, before: tuple[str, ...], body: Any, about: About) -> Call:
    """An event of an alert: what must come before it is done by the same person, to a fresh one."""
    if not about.does:
        return Call(about.path(), body)
    number = await about.world.raised(about.one)
    for step in before:
        path = f"/api/v1/alerts/{number}/{step}"
        answer = await about.world.client.post(path, json=CLOSING if step == "close" else None, headers=about.headers)
        assert answer.status_code == 200, (event, step, answer.text)
    return Call(about.path(alert=number), body)


CLOSING: Final = {"outcome": "confirmed", "note": "seen on the map"}
CONTACT: Final = {"party": "wearer", "answered": True, "said": "on the way"}


async def contact(about: About) -> Call:
    return Call(about.path(), CONTACT | {"wearer": about.one.W})


async def kept(about: About) -> Call:
    if not about.does:
        return Call(about.path())
    promise = {"promised": "to be home", "promised_at": format_instant(NOON + HOUR_US)}
    number = await about.world.post(f"alerts/{about.world.alerts[about.one.word]}/contacts", CONTACT | promise)
    return Call(about.path(contact=number))


async def task_done(about: About) -> Call:
    if about.does:
        await about.world.raised(about.one)
    return Call(
        about.path(task=about.world.newest("tasks", "task_no") if about.does else about.world.tasks[about.one.word])
    )


async def mute(about: About) -> Call:
    until = format_instant(NOON + 30 * MINUTE_US)
    return Call(about.path(), {"wearer": about.one.W, "to": until, "reason": "in court"})


async def end_mute(about: About) -> Call:
    body = {"wearer": about.one.W, "to": format_instant(NOON + 20 * MINUTE_US), "reason": "in court"}
    return Call(
        about.path(mute=await about.world.post("mutes", body) if about.does else about.world.mutes[about.one.word])
    )


async def bulk(about: About) -> Call:
    items = [{"id": str(about.world.alerts[one.word])} for one in (OWN, FAR)]
    return Call(about.path(), {"event": "claim", "items": items})


# ---- people who sign in ----


async def account(about: About) -> Call:
    body = {"name": about.world.fresh(), "shown": "Somebody New", "role": "operator", "areas": ["kent"]}
    return Call(about.path(), body)


async def account_said(about: About) -> Call:
    revision = about.world.rows("SELECT revision FROM accounts WHERE name = 'standing'")[0][0]
    body = {"shown": f"Somebody {about.world.fresh()}", "role": "operator", "areas": ["kent"]}
    return Call(about.path(), body, (("If-Match", f'"{revision}"'),))


async def key(about: About) -> Call:
    return Call(about.path(), {"shown": "a machine", "role": "operator", "until": format_instant(NOON + DAY_US)})


async def revoke(about: About) -> Call:
    if not about.does:
        return Call(about.path())
    made = (await key(about)).body
    answer = await about.world.client.post("/api/v1/keys", json=made, headers=about.headers)
    return Call(about.path(key=answer.json()["id"]))


# ---- exports ----


async def export(about: About) -> Call:
    """Twenty may wait; what was asked before is out of the way."""
    if about.does:
        about.world.rows("DELETE FROM exports WHERE state = 'waiting' RETURNING 1")
    return Call(about.path(), {"kind": "wearer", "wearer": about.one.W})


async def exports(about: About) -> Call:
    about.world.rows("DELETE FROM exports WHERE state = 'waiting' RETURNING 1")
    return Call(f"{about.path()}?limit=100")


# ---- what police and agencies ask ----


async def request(about: About) -> Call:
    week = {
        "from": format_instant(NOON - 3 * DAY_US),
        "to": format_instant(NOON),
        "expires": format_instant(NOON + DAY_US),
    }
    return Call(about.path(), {"legal_ground": "s.29 DPA", "purpose": "burglary", "wearer": about.one.W} | week)


async def decide(about: About) -> Call:
    """One that waits, or that stands where it is to be revoked."""
    if not about.does:
        return Call(about.path(), {"reason": "proportionate"})
    number = await about.world.request(about.one, "another-police", approved=about.template.endswith("revoke"))
    return Call(about.path(request=number), {"reason": "proportionate"})


async def matches(about: About) -> Call:
    """Of a request about the place where they are."""
    number = await about.world.request(about.one, "kent-police", approved=True, place=True) if about.does else None
    return Call(about.path(**({} if number is None else {"request": number})))


async def warrant(about: About) -> Call:
    body = {"kind": "breach", "wearer": about.one.W, "reference": f"MC-{about.world.fresh()}"}
    return Call(about.path(), body | {"issued": SINCE, "agency": "another-agency", "person": "P. Carey"})


async def to_fresh(what: str, body: Any, about: About) -> Call:
    """Of a warrant (held by whom the standing one is held by) or a duty: a fresh one where it is done."""
    fresh = {what: await getattr(about.world, what)(about.one)} if about.does else {}
    return Call(about.path(**fresh), body)


async def hold(about: About) -> Call:
    return Call(about.path(), {"wearer": about.one.W, "reason": "an appeal"})


async def end_hold(about: About) -> Call:
    number = await about.world.hold(about.one) if about.does else about.world.holds[about.one.word]
    return Call(about.path(hold=number), {"reason": "it was decided"})


async def of_pair(about: About) -> Call:
    return Call(about.path(alert=about.world.pairs[about.one.word]))


async def command(about: About) -> Call:
    """Few may wait for a device; what was asked before is out of the way."""
    if about.does:
        about.world.rows(
            "UPDATE device_commands SET state = 'ok', ended_at = now() WHERE state = 'waiting' RETURNING 1"
        )
    return Call(about.path(), {"command": "locate_now"})


async def plain(about: About) -> Call:
    return Call(about.path())


async def said(body: Any, about: About) -> Call:
    return Call(about.path(), body)


async def asked(query: str, about: About) -> Call:
    return Call(f"{about.path()}?{query}")


CALLS: Final[dict[str, Caller]] = {
    **{f"POST /{plural}": partial(create, kind) for kind, plural in PLURALS.items()},
    **{f"PUT /{plural}/{{{kind}}}": partial(vary, kind) for kind, plural in PLURALS.items()},
    **{f"DELETE /{plural}/{{{kind}}}": partial(end, kind) for kind, plural in PLURALS.items()},
    **{f"POST /{kind}s/preview": partial(preview, kind) for kind in ("condition", "absence", "suspension")},
    "POST /zones/preview": draw,
    "POST /rota/shifts": shift,
    "POST /rota/shifts/{shift}/end": end_shift,
    "GET /protocols/explain": partial(asked, "kind=strap_tamper"),
    "GET /protocols/versions/{version}": version_of_protocols,
    "POST /protocols": protocols,
    "POST /protocols/preview": protocols,
    "POST /fittings/{fitting}/swap": swap,
    "POST /caseload": many,
    "GET /search": partial(asked, "q=Invented"),
    "GET /names": partial(asked, "&".join(f"wearer={one.W}" for one in SUBJECTS)),
    "POST /alerts/{alert}/claim": partial(to_alert, "claim", (), None),
    "POST /alerts/{alert}/release": partial(to_alert, "release", ("claim",), None),
    "POST /alerts/{alert}/action": partial(to_alert, "action", ("claim",), {"note": "rang"}),
    "POST /alerts/{alert}/escalate": partial(to_alert, "escalate", ("claim",), None),
    "POST /alerts/{alert}/close": partial(to_alert, "close", ("claim",), CLOSING),
    "POST /alerts/{alert}/reopen": partial(to_alert, "reopen", ("claim", "close"), None),
    "POST /alerts/bulk": bulk,
    "POST /alerts/{alert}/contacts": partial(said, CONTACT),
    "POST /contacts": contact,
    "POST /contacts/{contact}/kept": kept,
    "POST /tasks/{task}/done": task_done,
    "POST /mutes": mute,
    "POST /mutes/preview": mute,
    "POST /mutes/{mute}/end": end_mute,
    "POST /accounts": account,
    "PUT /accounts/{account}": account_said,
    "POST /keys": key,
    "POST /keys/{key}/revoke": revoke,
    "POST /session": partial(said, {"name": "nobody-here", "password": "seven stray umbrellas"}),
    "POST /session/password": partial(said, {"current": "seven stray umbrellas", "new": "a quiet lake at noon"}),
    "POST /exports": export,
    "GET /exports": exports,
    "POST /devices/{device}/commands": command,
    "GET /alerts/{alert}/protected-place": of_pair,
    "POST /requests": request,
    "POST /requests/{request}/approve": decide,
    "POST /requests/{request}/refuse": decide,
    "POST /requests/{request}/revoke": decide,
    "GET /requests/{request}/matches": matches,
    "POST /warrants": warrant,
    "POST /holds": hold,
    "POST /holds/{hold}/end": end_hold,
    "POST /warrants/{warrant}/hand-over": partial(
        to_fresh, "warrant", {"agency": "another-agency", "person": "Q. Dell"}
    ),
    "POST /contact-duties/{duty}/tellings": partial(
        to_fresh, "duty", {"channel": "call", "result": "told", "adult": True}
    ),
    "POST /contact-duties/{duty}/not-reached": partial(to_fresh, "duty", {"reason": "no answer"}),
    "POST /warrants/{warrant}/accept": partial(to_fresh, "warrant", None),
    "POST /warrants/{warrant}/end": partial(to_fresh, "warrant", {"outcome": "executed"}),
}
"""What is not here is asked by its path alone."""

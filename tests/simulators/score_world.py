"""Lines for the score's tests: truth and violations of one evening, told in minutes after 18:00."""

from __future__ import annotations

from typing import Any

from domain.instants import SECOND_US, format_instant, parse_instant

START_US = parse_instant("2026-11-21T18:00:00Z")


def minute(number: float) -> str:
    """That many minutes after 18:00."""
    return format_instant(START_US + round(number * 60) * SECOND_US)


def truth(
    kind: str,
    begin: float,
    end: float | None,
    why_not: str | None = None,
    *,
    condition: str | None = "C1",
    code: str | None = None,
    wearer: str | None = "W1",
) -> dict[str, Any]:
    return {
        "wearer": wearer,
        "kind": kind,
        "code": code,
        "condition": condition,
        "from": minute(begin),
        "to": None if end is None else minute(end),
        "shown": why_not is None,
        "why_not": why_not,
    }


def run(begin: float, end: float) -> dict[str, Any]:
    return truth("run", begin, end, "run_ended", condition=None, wearer=None)


def life(wearer: str, begin: float, end: float, *, orderly: bool = True, **more: Any) -> dict[str, Any]:
    """A line of the kind `life`."""
    told = {"order": "bail", "level": "standard", "home": "flat", "life": "office", "zone_m": None} | more
    line = truth("life", begin, end, condition=None, wearer=wearer)
    return line | {"shown": False, "under_18": False, "orderly": orderly} | told


def found(
    kind: str,
    begin: float,
    end: float | None,
    *,
    name: str = "W1-1",
    version: int = 1,
    change: str = "opened",
    condition: str | None = "C1",
    code: str | None = None,
    decided: float | None = None,
    late: bool = False,
    wearer: str | None = "W1",
) -> dict[str, Any]:
    return {
        "id": name,
        "version": version,
        "change": change,
        "reason": "fixes",
        "wearer": wearer,
        "kind": kind,
        "code": code,
        "condition": condition,
        "from": minute(begin),
        "to": None if end is None else minute(end),
        "decided": minute(begin if decided is None else decided),
        "late": late,
    }


def alert(number: int, *violations: str, raised: float, severity: str = "critical", **more: Any) -> dict[str, Any]:
    """An alert as ``GET /alerts`` gives it."""
    return {
        "id": str(number),
        "episode": f"violation:{number}",
        "wearer": "W1",
        "kind": "exclusion_zone",
        "severity": severity,
        "raised": minute(raised),
        "violations": list(violations),
    } | more


def told(number: int, *sent: float | None, **more: Any) -> dict[str, Any]:
    """An alert's history in which a victim was sent something at these minutes."""
    notifications = [
        {"target": "victim", "channel": "sms", "sends": True, "sent": at and minute(at), "stands_down": None}
        for at in sent
    ]
    return {"alert": str(number), "events": [], "notifications": notifications, "contacts": []} | more

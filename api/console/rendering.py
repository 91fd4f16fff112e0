"""Pages of the console: Jinja templates with GOV.UK Frontend's components, each value escaped.

``page`` writes a whole page for a reader; ``Reader`` is who reads, with what they may do and the CSRF token of their forms.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PackageLoader, PrefixLoader
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from access.grants import Deed
from api.console import hours, words
from domain.vocabulary import Role

HERE: Final = Path(__file__).parent
TEMPLATES: Final = HERE / "templates"
BUILT: Final = HERE / "built"
LONDON: Final = ZoneInfo("Europe/London")
"""What the clocks on the wall of a centre say."""

PAGE_POLICY: Final = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""Pictures may be made in a page (a map's canvas)."""
PAGE_HEADERS: Final = {"Content-Security-Policy": PAGE_POLICY, "Referrer-Policy": "same-origin"}
"""With no referrer at all a browser sends a form as from nowhere, which the way in refuses."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a page. ``csrf`` is empty for who may change nothing."""

    name: str
    shown: str
    role: str
    deeds: frozenset[str]
    csrf: str
    ends: str | None

    def may(self, deed: Deed | str) -> bool:
        """Whether their role may do that at all."""
        return Deed(deed).value in self.deeds


@dataclass(frozen=True, slots=True)
class Place:
    """A place of the console that the navigation leads to, for whom may ``deed``; ``role`` alone, when it is one role's own.

    ``told`` is what it is for, of a place that is not gone to every hour: with many places those are on a page of their own.
    """

    text: str
    href: str
    deed: Deed
    role: Role | None = None
    told: str | None = None

    def shown_to(self, reader: Reader) -> bool:
        """Whether the reader is led there."""
        return reader.may(self.deed) and (self.role is None or self.role.value == reader.role)


NAVIGATION: Final = (
    Place("Visits", "/field", Deed.READ_VISITS, Role.FIELD),
    Place("Devices", "/devices", Deed.READ_DEVICES, Role.DEVICE_MANAGER),
    Place("Parked messages", "/dead-letters", Deed.READ_DEAD_LETTERS),
    Place("Alerts", "/alerts", Deed.READ_ALERTS),
    Place("Map", "/map", Deed.READ_POSITIONS),
    Place("Warrants", "/warrants", Deed.READ_WARRANTS),
    Place("Find a wearer", "/find", Deed.READ_WEARERS),
    Place("Caseload", "/caseload", Deed.READ_BREACHES),
    Place(
        "Victim contact",
        "/victim-contact",
        Deed.READ_CONTACT_DUTIES,
        told="What protected people must be told, and what they were",
    ),
    Place("Crimes", "/crimes", Deed.READ_CRIMES, told="Recorded crimes, and who was near or elsewhere"),
    Place("Incidents", "/incidents", Deed.READ_INCIDENTS),
    Place("Handover", "/handover", Deed.READ_DESK),
    Place("Wallboard", "/wallboard", Deed.READ_FIGURES, told="The centre at a glance, for a screen on the wall"),
    Place("Figures", "/figures", Deed.READ_FIGURES, told="How fast and how well orders are enforced"),
    Place("Zones", "/zones", Deed.READ_ZONES, told="Shared zones: draw, vary and end them"),
    Place("Rota", "/rota", Deed.READ_DESK, told="Who is on duty, by which number, and where nobody is"),
    Place("Protocols", "/protocols", Deed.READ_DESK, told="Who is told of which alert, how, and after how long"),
    Place("Lots", "/lots", Deed.READ_LOTS, told="Every alert and breach that rests on devices of one lot"),
)


MORE: Final = "/more"
MOST_PLACES: Final = 9
"""That stand beside each other at a desk's width."""


def places_of(reader: Reader) -> tuple[list[Place], list[Place]]:
    """Where a reader is led from every page, and from the page of all else; none is left to that where all have room."""
    all_of_them = [one for one in NAVIGATION if one.shown_to(reader)]
    if len(all_of_them) <= MOST_PLACES:
        return all_of_them, []
    return [one for one in all_of_them if one.told is None], [one for one in all_of_them if one.told is not None]


def page(
    template: str,
    *,
    reader: Reader | None,
    path: str,
    now_us: int,
    status: int = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> Response:
    """A page with those values in it. ``path`` is where it stands, for the navigation; ``now_us`` is its age's beginning."""
    now = datetime.fromtimestamp(now_us / 1e6, UTC)
    places, elsewhere = ([], []) if reader is None else places_of(reader)
    html = (
        environment()
        .get_template(template)
        .render(
            values
            | {
                "reader": reader,
                "status_is_ours": status >= HTTPStatus.INTERNAL_SERVER_ERROR,
                "path": path,
                "now": now,
                "now_us": now_us,
                "places": places,
                "elsewhere": elsewhere,
            }
        )
    )
    return HTMLResponse(html, int(status), headers={**PAGE_HEADERS, **(headers or {})})


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The templates, with the filters that say instants and kinds in words."""
    govuk = PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")})
    made = Environment(
        loader=ChoiceLoader([FileSystemLoader(TEMPLATES), govuk]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "instant": instant,
        "when": when,
        "clock": clock,
        "day": day,
        "date_words": date_words,
        "month_words": month_words,
        "span": span,
        "hours_words": hours.hours_words,
        "minutes_of": hours.minutes_of,
        "minutes_words": hours.minutes_words,
        "kind_words": words.kind_words,
        "sentence": words.sentence,
        "role_words": words.role_words,
        "language_words": words.language_words,
        "position_score": words.position_score,
        "outcome_words": words.outcome_words,
        "for_script": for_script,
    }
    made.globals |= {"alert_words": words.alert_words, "words": words}
    return made


def instant(text: str | datetime) -> datetime:
    """An instant of the API as a date and time in UTC."""
    return text if isinstance(text, datetime) else datetime.fromisoformat(text)


def text_of(at: datetime) -> str:
    """An instant for the API."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def when(text: str | datetime | None, now: datetime | None = None) -> Markup:
    """A time element: the clock of the centre, with the day when it is not that of ``now``, and UTC on hover."""
    if text is None:
        return Markup("–")
    at = instant(text)
    here = at.astimezone(LONDON)
    today = now is not None and here.date() == now.astimezone(LONDON).date()
    shown = f"{here:%H:%M:%S}" if today else f"{here.day} {here:%b %Y}, {here:%H:%M:%S}"
    return Markup('<time datetime="{}" title="{} UTC">{}</time>').format(
        text_of(at), f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}", shown
    )


def clock(text: str | datetime) -> str:
    """``22:14``, by the clock of the centre."""
    return f"{instant(text).astimezone(LONDON):%H:%M}"


def day(text: str | datetime) -> str:
    """``Sat 21 Nov 2026``, by the clock of the centre."""
    here = instant(text).astimezone(LONDON)
    return f"{here:%a} {here.day} {here:%b %Y}"


def date_words(text: str) -> str:
    """``Sat 21 Nov 2026``, of a date."""
    at = date.fromisoformat(text)
    return f"{at:%a} {at.day} {at:%b %Y}"


def month_words(text: str) -> str:
    """``November 2026``, of a date."""
    return f"{date.fromisoformat(text):%B %Y}"


def span(seconds: float | timedelta) -> str:
    """``12 s``, ``5 min``, ``3 h 20 min``, ``2 days``: a length of time."""
    whole = round(seconds.total_seconds() if isinstance(seconds, timedelta) else seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3_600:
        return f"{whole // 60} min"
    if whole < 172_800:
        hours, minutes = divmod(whole // 60, 60)
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{whole // 86_400} days"


def for_script(value: Any) -> Markup:
    """JSON for a ``<script type="application/json">``, which no value in it can end."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))  # noqa: S704  JSON, and what could end it is escaped

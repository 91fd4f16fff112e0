"""What was typed into a form, read field by field: what is wrong is kept with its field, so that the form is shown again as typed.

Days and times are those on the wall of the centre. A time that a clock change leaves out is refused; of one that comes twice a start
takes the first and an end the second (rules.md 1).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from api.console.asking import Refused
from api.console.rendering import LONDON, instant, text_of

_TIME: Final = re.compile(r"([01]?[0-9]|2[0-4])[:.]?([0-5][0-9])(?:[:.]([0-5][0-9]))?")
PARTS: Final = ("day", "month", "year", "time")
"""Of a moment: its fields are ``NAME-day`` and so on."""
GENERAL: Final = "form"
"""Where what is wrong with no field in particular stands."""


class Form:
    """One form: ``values`` as typed, and what is wrong by field, in the order in which it was found."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self.values = dict(values or {})
        self.wrong: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    def fault(self, name: str, words: str) -> None:
        """Keeps what is wrong with a field; the first thing that was found is told."""
        self.wrong.setdefault(name, words)

    def said(self, name: str, missing: str | None = None) -> str:
        """A text without the blanks around it; ``missing`` is what is told when there is none."""
        text = self[name].strip()
        if not text and missing is not None:
            self.fault(name, missing)
        return text

    def number(self, name: str, what: str) -> float | None:
        """A number; None when nothing was typed, or when it is none, which is told."""
        text = self[name].strip().replace(",", "")
        if not text:
            return None
        try:
            found = float(text)
        except ValueError:
            found = math.nan
        if not math.isfinite(found):
            self.fault(name, f"{what} must be a number, such as 50")
            return None
        return found

    def moment(self, name: str, what: str, *, end: bool = False, needed: bool = True) -> str | None:
        """A day and a time as an instant of the API; None when it is none, which is told, or not needed and not typed."""
        texts = [self[f"{name}-{part}"].strip() for part in PARTS]
        if not any(texts):
            if needed:
                self.fault(name, f"Enter {what}")
            return None
        missing = [part for part, text in zip(PARTS, texts, strict=True) if not text]
        if missing:
            self.fault(name, f"{_capital(what)} must include a {' and a '.join(missing)}")
            return None
        time = _TIME.fullmatch(texts[3])
        if time is None or (time[1] == "24" and time[2] != "00"):
            self.fault(name, f"The time of {what} must be a time, such as 22:30")
            return None
        try:
            year, month, day = (int(text) for text in reversed(texts[:3]))
            begins = datetime(year, month, day, tzinfo=LONDON).replace(tzinfo=None)
        except (ValueError, OverflowError):
            self.fault(name, f"{_capital(what)} must be a real day, such as 21 11 2026")
            return None
        wall = begins + timedelta(hours=int(time[1]), minutes=int(time[2]), seconds=int(time[3] or 0))
        at = wall.replace(tzinfo=LONDON, fold=int(end)).astimezone(UTC)
        if at.astimezone(LONDON).replace(tzinfo=None) != wall:
            self.fault(
                name, f"There is no {wall:%H:%M} on that day: the clocks go forward then. Take a time after the change"
            )
            return None
        return text_of(at)

    def date(self, name: str, what: str) -> str | None:
        """A day as a date of the API; None when it is none, which is told."""
        texts = [self[f"{name}-{part}"].strip() for part in PARTS[:3]]
        if not any(texts):
            self.fault(name, f"Enter {what}")
            return None
        try:
            year, month, day = (int(text) for text in reversed(texts))
            return date(year, month, day).isoformat()
        except (ValueError, OverflowError):
            self.fault(name, f"{_capital(what)} must be a real day, such as 21 11 2026")
            return None

    def fill(self, name: str, at: str | datetime | None) -> None:
        """Puts an instant into the fields of a moment, where nothing was typed."""
        if at is None or any(f"{name}-{part}" in self.values for part in PARTS):
            return
        here = instant(at).astimezone(LONDON)
        time = f"{here:%H:%M:%S}" if here.second else f"{here:%H:%M}"
        for part, text in zip(PARTS, (str(here.day), str(here.month), str(here.year), time), strict=True):
            self.values[f"{name}-{part}"] = text

    def refused(self, refused: Refused, fields: Mapping[str, str]) -> None:
        """Takes what the API found wrong; ``fields`` are ours by the beginnings of its own, the longest first."""
        errors: list[dict[str, Any]] = refused.problem.get("errors") or []
        for error in errors:
            told = str(error["field"])
            mine = next(
                (fields[start] for start in sorted(fields, key=len, reverse=True) if told.startswith(start)), GENERAL
            )
            self.fault(mine, _sentence(error["cause"] if mine != GENERAL else f"{told}: {error['cause']}"))
        if not errors:
            self.fault(GENERAL, _sentence(refused.words))

    def error(self, name: str) -> dict[str, str] | None:
        """For a component: what is wrong with its field."""
        return {"text": self.wrong[name]} if name in self.wrong else None

    def summary(self, anchors: Mapping[str, str] | None = None) -> list[dict[str, str]]:
        """The items of the error summary; ``anchors`` are the ids of fields that are not their names."""
        return [{"text": words, "href": f"#{(anchors or {}).get(name, name)}"} for name, words in self.wrong.items()]


def moment_anchors(*names: str) -> dict[str, str]:
    """The first input of each moment, for the links of the error summary."""
    return {name: f"{name}-day" for name in names}


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _sentence(words: str) -> str:
    return _capital(words.strip())

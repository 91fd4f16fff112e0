"""A person's day of birth and age, as people say them."""

from __future__ import annotations

from datetime import date, datetime

from api.console.rendering import LONDON


def born_and_age(born: str | None, now: datetime) -> str | None:
    """``1 Mar 1980 (46)``: the day, and the whole years up to the centre's today; None when it is not known."""
    if not born:
        return None
    day, today = date.fromisoformat(born), now.astimezone(LONDON).date()
    years = today.year - day.year - ((today.month, today.day) < (day.month, day.day))
    return f"{day.day} {day:%b %Y} ({years})"

"""Recorded crimes as the police send them: what one must say, and what is wrong with it, in words. Pure.

A crime comes as a JSON object or as a row of a CSV file; both are read by `read_crime` from texts. Instants are microseconds UTC.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from domain.errors import BadInstant, BadPlace, FarInstant
from domain.instants import FAR_US, HOUR_US, format_instant, parse_instant
from domain.national_grid import degrees, read_reference
from domain.vocabulary import CrimeKind
from evidence.country import in_country

LONGEST_US: Final = 12 * HOUR_US
RADIUS_M: Final = 100.0
LEAST_RADIUS_M: Final = 25.0
MOST_RADIUS_M: Final = 500.0
COARSEST_M: Final = 100
"""The side of the square that a grid reference may name."""
LONGEST_REFERENCE: Final = 64
LONGEST_PLACE: Final = 64
"""Characters of a field of the place, which is kept as it was given."""
EARLIEST_US: Final = parse_instant("2000-01-01T00:00:00Z")
LATEST_US: Final = parse_instant("2200-01-01T00:00:00Z")
"""Between these years an instant is one that somebody meant."""
MUST: Final = ("force", "reference", "kind", "from", "to")
PLACES: Final = ("grid", "easting", "northing", "lat", "lon")
MAY: Final = ("radius_m",)
COLUMNS: Final = (*MUST, *PLACES, *MAY)


class Wrong(NamedTuple):
    """What is wrong with a field, and what to do."""

    field: str
    cause: str


@dataclass(frozen=True, slots=True)
class Crime:
    """A recorded crime.

    Attributes
    ----------
    force : the area of the police force that recorded it; with ``reference`` it names the crime.
    lon, lat : degrees (WGS 84). within_m : how far the true place may be off, by how the place was given.
    radius_m : how near to it counts.
    from_us, to_us : between which instants it happened, half open.
    given : the place as it was given.
    """

    force: str
    reference: str
    kind: CrimeKind
    lon: float
    lat: float
    within_m: float
    radius_m: float
    from_us: int
    to_us: int
    given: str


class Place(NamedTuple):
    """Degrees, metres, and the words it was given in."""

    lon: float
    lat: float
    within_m: float
    given: str


def read_crime(texts: Mapping[str, str], forces: Collection[str], now_us: int) -> Crime | list[Wrong]:
    """The crime, or everything that is wrong with it.

    ``texts`` are by the names of `COLUMNS`, empty ones as if they were not there; ``forces`` are those for which the sender may enter.
    """
    told = {name: text.strip() for name, text in texts.items() if text and text.strip()}
    wrong = [Wrong(name, f"is missing: {_EXPECTED[name]}") for name in MUST if name not in told]
    wrong += _names(told, forces)
    radius_m = _radius(told, wrong)
    window = _window(told, wrong, now_us)
    place = _place(told, wrong)
    if wrong:
        return sorted(wrong, key=lambda one: COLUMNS.index(one.field))
    assert place is not None
    assert window is not None
    named = (told["force"], told["reference"], CrimeKind(told["kind"]))
    return Crime(*named, place.lon, place.lat, place.within_m, radius_m, *window, place.given)


_EXPECTED: Final = {
    "force": "the code of the police force, such as `kent-police`",
    "reference": "the crime's number in that force",
    "kind": f"one of {', '.join(CrimeKind)}",
    "from": "an instant in UTC such as 2026-11-21T22:00:00Z",
    "to": "an instant in UTC such as 2026-11-21T23:30:00Z",
}


def _names(told: Mapping[str, str], forces: Collection[str]) -> list[Wrong]:
    wrong = []
    if "force" in told and told["force"] not in forces:
        known = ", ".join(sorted(forces)[:5]) or "none"
        wrong.append(Wrong("force", f"is no police force that you may enter crimes for: use its code (yours: {known})"))
    reference = told.get("reference", "")
    if len(reference) > LONGEST_REFERENCE or not reference.isprintable():
        wrong.append(Wrong("reference", f"is longer than {LONGEST_REFERENCE} characters, or holds a control character"))
    if "kind" in told and told["kind"] not in set(CrimeKind):
        wrong.append(Wrong("kind", f"is not known: give {_EXPECTED['kind']}"))
    return wrong


def _radius(told: Mapping[str, str], wrong: list[Wrong]) -> float:
    if "radius_m" not in told:
        return RADIUS_M
    radius_m = _number(told["radius_m"])
    if radius_m is None or not LEAST_RADIUS_M <= radius_m <= MOST_RADIUS_M:
        wrong.append(
            Wrong("radius_m", f"must be {LEAST_RADIUS_M:g} to {MOST_RADIUS_M:g} metres; left out: {RADIUS_M:g}")
        )
        return RADIUS_M
    return radius_m


def _window(told: Mapping[str, str], wrong: list[Wrong], now_us: int) -> tuple[int, int] | None:
    edges = [_instant(told[name], name, wrong) if name in told else None for name in ("from", "to")]
    if edges[0] is None or edges[1] is None:
        return None
    from_us, to_us = edges[0], edges[1]
    if to_us <= from_us:
        wrong.append(Wrong("to", "is not after `from`: exchange them, or give the time by which it had happened"))
    elif to_us - from_us > LONGEST_US:
        hours = f"{(to_us - from_us) / HOUR_US:.1f}"
        wrong.append(Wrong("to", f"makes a window of {hours} hours; at most 12 are matched: give a shorter window"))
    elif to_us > now_us:
        wrong.append(Wrong("to", "is in the future: enter the crime when its window is over"))
    return from_us, to_us


def _instant(text: str, name: str, wrong: list[Wrong]) -> int | None:
    try:
        us = parse_instant(text)
    except FarInstant:
        us = FAR_US
    except BadInstant:
        wrong.append(Wrong(name, f"is not {_EXPECTED[name]} (in summer an hour before the clock on the wall)"))
        return None
    if not EARLIEST_US <= us < LATEST_US:
        wrong.append(Wrong(name, "is before the year 2000 or after 2199: is the year right?"))
        return None
    if not text.endswith(("Z", "z")):
        wrong.append(Wrong(name, f"is not in UTC: write {format_instant(us)}"))
        return None
    return us


def _place(told: Mapping[str, str], wrong: list[Wrong]) -> Place | None:
    grid, metres, angles = "grid" in told, {"easting", "northing"} & told.keys(), {"lat", "lon"} & told.keys()
    ways = grid + bool(metres) + bool(angles)
    if ways == 0:
        wrong.append(
            Wrong(
                "grid", "is missing, and so are the others: give `grid`, `easting` and `northing`, or `lat` and `lon`"
            )
        )
        return None
    long = [name for name in PLACES if len(told.get(name, "")) > LONGEST_PLACE]
    if long:
        wrong += [Wrong(name, f"is longer than {LONGEST_PLACE} characters: give the place alone") for name in long]
        return None
    if ways > 1:
        wrong.append(
            Wrong("grid" if grid else "lat", "gives the place a second time: give it once, as grid or as degrees")
        )
        return None
    place = _by_reference(told, wrong) if grid else _by_metres(told, wrong) if metres else _by_degrees(told, wrong)
    if place is not None and not in_country(place.lon, place.lat):
        field = "grid" if grid else "easting" if metres else "lat"
        wrong.append(Wrong(field, f"is outside Great Britain and Northern Ireland: {_OUTSIDE[field]}"))
        return None
    return place


_OUTSIDE: Final = {
    "grid": "are the letters of the square right?",
    "easting": "are `easting` and `northing` exchanged, or is a figure missing? They are whole metres",
    "lat": "is latitude exchanged with longitude, or a sign lost?",
}
_NUMBERS: Final = {"easting": "530624", "northing": "178388", "lat": "51.4893", "lon": "-0.1199"}


def _by_reference(told: Mapping[str, str], wrong: list[Wrong]) -> Place | None:
    try:
        square = read_reference(told["grid"])
    except BadPlace as error:
        wrong.append(Wrong("grid", str(error)))
        return None
    if square.side_m > COARSEST_M:
        wrong.append(
            Wrong("grid", f"names a square of {square.side_m // 1000} km: give three figures or more each way")
        )
        return None
    return _on_grid(*square.middle, square.side_m, square.written, "grid", wrong)


def _by_metres(told: Mapping[str, str], wrong: list[Wrong]) -> Place | None:
    pair = _pair(told, ("easting", "northing"), wrong)
    if pair is None:
        return None
    return _on_grid(*pair, 1, f"{told['easting']} {told['northing']}", "easting", wrong)


def _on_grid(east_m: float, north_m: float, side_m: int, given: str, field: str, wrong: list[Wrong]) -> Place | None:
    found = degrees(east_m, north_m)
    if found is None:
        wrong.append(Wrong(field, "is outside the National Grid: metres east 0 to 700000, metres north 0 to 1300000"))
        return None
    return Place(*found, round(side_m * math.sqrt(0.5), 1), given)


def _by_degrees(told: Mapping[str, str], wrong: list[Wrong]) -> Place | None:
    pair = _pair(told, ("lat", "lon"), wrong)
    if pair is None:
        return None
    lat, lon = pair
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        wrong.append(Wrong("lat", "and `lon` must be degrees: latitude -90 to 90, longitude -180 to 180"))
        return None
    return Place(lon, lat, 0.0, f"{told['lat']}, {told['lon']}")


def _pair(told: Mapping[str, str], names: tuple[str, str], wrong: list[Wrong]) -> tuple[float, float] | None:
    found = []
    for name, other in (names, names[::-1]):
        number = _number(told[name]) if name in told else None
        if name not in told:
            wrong.append(Wrong(name, f"is missing beside `{other}`"))
        elif number is None:
            wrong.append(Wrong(name, f"is not a number such as {_NUMBERS[name]}, without commas or letters"))
        else:
            found.append(number)
    return (found[0], found[1]) if len(found) == 2 else None


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None

"""Crimes as the police send them: every fault has its row, its field and what to do; the rest is taken."""

from __future__ import annotations

import pytest

from domain.errors import BadPlace
from domain.instants import HOUR_US, parse_instant
from domain.national_grid import degrees, eastings_northings, grid_reference, read_reference
from evidence.country import in_country
from evidence.crime_rows import MOST_ROWS, UnreadableBatch, read_batch
from evidence.crimes import Crime, read_crime

NOW = parse_instant("2026-11-22T12:00:00Z")
FORCES = ("kent-police",)
GOOD = {
    "force": "kent-police",
    "reference": "46/1234/26",
    "kind": "burglary",
    "from": "2026-11-21T22:00:00Z",
    "to": "2026-11-21T23:30:00Z",
    "grid": "TR 150 580",
}
HEADER = ",".join(GOOD)
ROW = ",".join(GOOD.values())


def faults(**changed: str) -> list[tuple[str, str]]:
    found = read_crime(GOOD | changed, FORCES, NOW)
    return [] if isinstance(found, Crime) else [(one.field, one.cause) for one in found]


def test_a_place_is_the_middle_of_the_square_and_says_how_far_off_it_may_be() -> None:
    crime = read_crime(GOOD, FORCES, NOW)
    assert isinstance(crime, Crime)
    assert (crime.radius_m, crime.within_m, crime.to_us - crime.from_us) == (100.0, 70.7, HOUR_US * 3 // 2)
    ((east, north),) = eastings_northings([crime.lon], [crime.lat])
    assert (east, north) == pytest.approx((615_050, 158_050), abs=0.01)
    by_metres = read_crime(GOOD | {"grid": "", "easting": "615050", "northing": "158050"}, FORCES, NOW)
    assert isinstance(by_metres, Crime)
    assert (by_metres.lon, by_metres.lat) == (crime.lon, crime.lat)
    by_degrees = read_crime(GOOD | {"grid": "", "lat": "54.5973", "lon": "-5.9301", "radius_m": "250"}, FORCES, NOW)
    assert isinstance(by_degrees, Crime), "Belfast has degrees alone"
    assert (by_degrees.within_m, by_degrees.radius_m) == (0.0, 250.0)


@pytest.mark.parametrize(
    ("changed", "field", "says"),
    [
        ({"force": "essex-police"}, "force", "yours: kent-police"),
        ({"force": ""}, "force", "is missing"),
        ({"reference": ""}, "reference", "is missing"),
        ({"reference": "x" * 65}, "reference", "longer than 64"),
        ({"kind": "mischief"}, "kind", "burglary, robbery"),
        ({"to": "2026-11-21T21:00:00Z"}, "to", "is not after `from`"),
        ({"to": "2026-11-21T22:00:00Z"}, "to", "is not after `from`"),
        ({"to": "2026-11-22T10:00:00.1Z"}, "to", "at most 12"),
        ({"from": "2026-11-22T11:00:00Z", "to": "2026-11-22T12:00:01Z"}, "to", "in the future"),
        ({"from": "2026-11-21T23:00:00+01:00"}, "from", "write 2026-11-21T22:00:00Z"),
        ({"from": "21/11/2026 22:00"}, "from", "an instant in UTC"),
        ({"from": "2026-11-21 22:00"}, "from", "an hour before the clock on the wall"),
        ({"from": "2026-11-21T22:00:00"}, "from", "an instant in UTC"),
        ({"from": "0026-11-21T22:00:00Z"}, "from", "is the year right"),
        ({"from": "0001-01-01T00:00:00+10:00"}, "from", "is the year right"),
        ({"to": "9999-12-31T23:59:59-10:00"}, "to", "is the year right"),
        ({"radius_m": "20"}, "radius_m", "25 to 500"),
        ({"radius_m": "wide"}, "radius_m", "25 to 500"),
        ({"grid": ""}, "grid", "is missing, and so are the others"),
        ({"lat": "51.2"}, "grid", "a second time"),
        ({"grid": "", "lat": "51.2"}, "lon", "missing beside `lat`"),
        ({"grid": "", "lat": "51.2", "lon": "east"}, "lon", "not a number"),
        ({"grid": "", "lat": "nan", "lon": "1"}, "lat", "not a number"),
        ({"grid": "", "lat": "1.08", "lon": "51.28"}, "lat", "exchanged"),
        ({"grid": "", "lat": "48.85", "lon": "2.35"}, "lat", "outside Great Britain"),
        ({"grid": "", "lat": "53.35", "lon": "-6.26"}, "lat", "outside Great Britain"),
        ({"grid": "", "lat": "151", "lon": "1"}, "lat", "must be degrees"),
        ({"grid": "", "easting": "615050", "northing": "1580500"}, "easting", "outside the National Grid"),
        ({"grid": "", "easting": "615.05", "northing": "158.05"}, "easting", "a figure missing"),
        ({"grid": "", "easting": "615,050", "northing": "158050"}, "easting", "such as 530624, without commas"),
        ({"grid": "", "easting": "615050." + "0" * 300, "northing": "158050"}, "easting", "longer than 64"),
        ({"grid": "TR 150" + " " * 300 + "580"}, "grid", "longer than 64"),
        ({"grid": "TRA 150 580"}, "grid", "two letters"),
        ({"grid": "J 339 743"}, "grid", "Irish Grid"),
        ({"grid": "TQ 30 80"}, "grid", "a square of 1 km"),
        ({"grid": "TI 300 800"}, "grid", "no square"),
        ({"grid": "TQ 300 80"}, "grid", "as many figures"),
        ({"grid": "Canterbury"}, "grid", "not a National Grid reference"),
    ],
)
def test_what_is_wrong_is_told_with_its_field_and_what_to_do(changed: dict[str, str], field: str, says: str) -> None:
    found = faults(**changed)
    assert [name for name, _ in found] == [field]
    assert says in found[0][1]


def test_everything_wrong_with_a_crime_is_told_at_once() -> None:
    found = faults(force="x", kind="y", radius_m="z", grid="", **{"from": "now"})
    assert [name for name, _ in found] == ["force", "kind", "from", "grid", "radius_m"]


def test_a_batch_takes_what_is_right_and_tells_the_rest_by_line() -> None:
    late, other = ROW.replace("T23:30", "T21:30").replace("1234", "2"), ROW.replace("burglary", "theft")
    body = f"\ufeff{HEADER}\r\n{ROW}\r\n{late}\r\n\r\n{ROW}\r\n{other}\r\n{ROW},more\r\n".encode()
    rows = read_batch(body, FORCES, NOW)
    assert [(row.line, row.crime is not None, [one.field for one in row.wrong]) for row in rows] == [
        (2, True, []),
        (3, False, ["to"]),
        (5, True, []),
        (6, False, ["reference"]),
        (7, False, ["row"]),
    ]
    assert "line 2" in rows[3].wrong[0].cause
    quoted = f'{HEADER}\n"kent-police","a\nb",burglary'.encode()
    assert [row.line for row in read_batch(quoted, FORCES, NOW)] == [2]


def test_a_spreadsheets_file_is_taken_row_by_row() -> None:
    """As Excel saves it: a byte order mark, CRLF, quotation marks, rows of commas at the end, references as they were typed."""
    told = GOOD | {"grid": "", "easting": "", "northing": ""}
    wide = [
        told | {"grid": " tr150580 "},
        told | {"reference": '"46/2/26"', "easting": "615050.0", "northing": " 158050"},
        told | {"reference": "46/3/26", "kind": '"theft\r\nfrom a shop"', "grid": "tr 150 580"},
        told | {"grid": "TR  150 580"},
        told | {"grid": "TR 150 581"},
        told | {"reference": "46/4/26", "from": "21/11/2026 22:00", "grid": "TR 150 580"},
        dict.fromkeys(told, ""),
        told | {"reference": "46/5/26", "grid": "TR 150 580", "easting": "615050", "northing": "158050"},
    ]
    lines = [",".join(told), *(",".join(row.values()) for row in wide), ",,,,,,,", ""]
    rows = read_batch(("\ufeff" + "\r\n".join(lines)).encode(), FORCES, NOW)
    assert [
        (row.line, row.reference, row.crime and row.crime.given, [one.field for one in row.wrong]) for row in rows
    ] == [
        (2, "46/1234/26", "TR 150 580", []),
        (3, "46/2/26", "615050.0 158050", []),
        (4, "46/3/26", None, ["kind"]),
        (6, "46/1234/26", "TR 150 580", []),
        (7, "46/1234/26", None, ["reference"]),
        (8, "46/4/26", None, ["from"]),
        (10, "46/5/26", None, ["grid"]),
    ], "the same place however it was typed is the same words again"
    assert rows[0].crime == rows[3].crime
    assert "line 2" in rows[4].wrong[0].cause
    old_mac = f"{HEADER}\r{ROW}\r{ROW}\r".encode()
    assert [row.crime is not None for row in read_batch(old_mac, FORCES, NOW)] == [True, True]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (HEADER.replace(",", ";").encode() + b"\r\n" + ROW.replace(",", ";").encode(), "parted by semicolons"),
        (HEADER.replace(",", "\t").encode(), "parted by tabs"),
        (b"sep=,\r\n" + HEADER.encode(), "the first line is `sep=`"),
        (f"{HEADER},\n{ROW},".encode(), "column without a name"),
        (HEADER.replace("reference", "Crime number").encode(), "`crime number` is not known: rename it"),
        (f"{HEADER}\n{ROW}".encode("utf-16"), "line 1 is not UTF-8"),
        (b"", "is empty"),
        (ROW.encode(), "does not name the columns"),
        (f"{HEADER},colour\n{ROW},red".encode(), "`colour` is not known"),
        (HEADER.replace("kind", "lat").encode(), "`kind` is missing"),
        (f"{HEADER},kind\n".encode(), "`kind` is there twice"),
        (HEADER.replace(",grid", ",lat").encode(), "no column gives the place"),
        (HEADER.encode(), "no row"),
        (f"{HEADER}\n{ROW}\n".encode() + b"caf\xe9", "line 3 is not UTF-8"),
        (f"{HEADER}\n{ROW}\0".encode(), "line 2 holds a NUL"),
        (f'{HEADER}\n{ROW}\n"kent'.encode(), "line 3 is not CSV"),
        (HEADER.encode() + b"\n" + b"x" * (1 << 20), "bytes"),
        (f"{HEADER}\n".encode() + b"a\n" * (MOST_ROWS + 1), "more than 5000 rows"),
    ],
)
def test_what_cannot_be_read_at_all_says_why(body: bytes, says: str) -> None:
    with pytest.raises(UnreadableBatch, match=says):
        read_batch(body, FORCES, NOW)


@pytest.mark.parametrize("text", ["TQ 30624 78388", "tq3062478388", "TG 51409 13177", "HP 2917", "SV 0 0"])
def test_references_are_read_as_they_are_written(text: str) -> None:
    square = read_reference(text)
    digits = {1: 5, 100: 3, 1_000: 2, 10_000: 1}[square.side_m]
    written = grid_reference(square.east_m, square.north_m, digits)
    assert written is not None
    assert written.replace(" ", "") == text.upper().replace(" ", "")


def test_degrees_are_what_ordnance_surveys_grid_makes_of_metres() -> None:
    assert degrees(530_624.974, 178_388.464) == pytest.approx((-0.11992557180, 51.48936564950), abs=1e-8)
    assert degrees(-1, 0) is None
    with pytest.raises(BadPlace, match="no square"):
        read_reference("AA 100 100")


@pytest.mark.parametrize(
    ("lon", "lat", "inside"),
    [
        (-0.12, 51.5, True),  # London
        (1.44, 51.38, True),  # North Foreland
        (1.75, 52.48, True),  # Lowestoft
        (-5.71, 50.07, True),  # Land's End
        (-1.15, 60.15, True),  # Lerwick
        (-5.93, 54.6, True),  # Belfast
        (-7.32, 55.0, True),  # Derry
        (-7.63, 54.34, True),  # Enniskillen
        (-6.34, 54.18, True),  # Newry
        (-5.4, 56.4, True),  # Oban
        (-6.26, 53.35, False),  # Dublin
        (-7.73, 54.95, False),  # Letterkenny
        (-6.4, 54.0, False),  # Dundalk
        (-4.48, 54.15, False),  # Douglas
        (1.85, 50.95, False),  # Calais
        (2.35, 48.85, False),  # Paris
        (-2.1, 49.2, False),  # Jersey
    ],
)
def test_the_outline_of_the_country(lon: float, lat: float, inside: bool) -> None:
    assert in_country(lon, lat) is inside

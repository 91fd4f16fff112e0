"""National Grid references against Ordnance Survey's own published points and examples."""

from __future__ import annotations

import pytest

from domain.national_grid import eastings_northings, grid_reference, references

POINTS = (
    (49.92226393730, -6.29977752014, 91492.146, 11318.804),
    (49.96006137820, -5.20304609998, 170370.718, 11572.405),
    (50.43885825610, -4.10864563561, 250359.811, 62016.569),
    (50.57563665000, -1.29782277240, 449816.371, 75335.861),
    (50.93127937910, -1.45051433700, 438710.920, 114792.250),
    (51.40078220140, -3.55128349240, 292184.870, 168003.465),
    (51.37447025550, 1.44454730409, 639821.835, 169565.858),
    (51.42754743020, -2.54407618349, 362269.991, 169978.690),
    (51.48936564950, -0.11992557180, 530624.974, 178388.464),
)
"""Of the test points that Ordnance Survey publishes with OSTN15: ETRS89 degrees, OSGB36 metres."""


def test_ordnance_surveys_own_test_points_come_out_to_the_centimetre() -> None:
    found = eastings_northings([lon for _, lon, _, _ in POINTS], [lat for lat, _, _, _ in POINTS])
    for (_, _, east, north), pair in zip(POINTS, found, strict=True):
        assert pair == pytest.approx((east, north), abs=0.01)


@pytest.mark.parametrize(
    ("east", "north", "digits", "written"),
    [
        (651_409.9, 313_177.9, 5, "TG 51409 13177"),  # the worked example of OS's guide to coordinate systems
        (651_409.9, 313_177.9, 3, "TG 514 131"),
        (0, 0, 5, "SV 00000 00000"),
        (216_600, 771_200, 3, "NN 166 712"),  # Ben Nevis
        (429_157, 1_217_300, 2, "HP 29 17"),
        (500_000, 500_000, 1, "OV 0 0"),
        (699_999.99, 1_299_999.99, 5, "JM 99999 99999"),
    ],
)
def test_a_reference_has_the_letters_of_its_square(east: float, north: float, digits: int, written: str) -> None:
    assert grid_reference(east, north, digits) == written


def test_what_the_grid_does_not_cover_has_no_reference() -> None:
    greenwich = references([2.3522, float("nan"), -0.1199255718], [48.8566, 51.0, 51.4893656495])
    assert greenwich == [None, None, "TQ 30624 78388"]
    assert grid_reference(-1, 5) is None
    assert grid_reference(5, 1_300_000) is None
    assert references([], []) == []

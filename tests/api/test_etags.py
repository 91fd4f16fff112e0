"""`If-Match`: the tag that stands, any of several, any at all; everything else matches nothing."""

from __future__ import annotations

import pytest

from api.etags import NEVER, revision_seen


@pytest.mark.parametrize("sent", ['"5"', ' "5" ', '"x", "5"', '"4","5"', 'W/"5", "5"'])
def test_the_tag_that_stands_is_what_must_still_stand(sent: str) -> None:
    assert revision_seen(sent, 5) == 5


@pytest.mark.parametrize("sent", [None, "*", " * "])
def test_without_a_tag_anything_may_stand(sent: str | None) -> None:
    assert revision_seen(sent, 5) is None


@pytest.mark.parametrize("sent", ["5", "nonsense", "", '"4"', '"05"', '"5', 'W/"5"', '"*"', f'"{"9" * 400}"', '"x"5"'])
def test_what_is_no_tag_or_another_matches_nothing(sent: str) -> None:
    assert revision_seen(sent, 5) == NEVER

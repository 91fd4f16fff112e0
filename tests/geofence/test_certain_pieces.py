"""What of an absence is certain is looked up near it: held against all the evidence gone through each time."""

from hypothesis import given, settings
from hypothesis import strategies as st

from geofence.curfew_rules import Absent, _certain
from geofence.intervals import clipped, common, union
from geofence.presence import ABSENT, PRESENT, Seen, Stretch

times = st.integers(0, 60)
spans = st.tuples(times, times).map(lambda two: (min(two), max(two)))
chains = st.tuples(spans, st.integers(0, 8)).map(lambda one: (*one[0], one[1]))


def everything(seen: Seen, unexcused: list, from_us: int, to_us: int, absent: Absent) -> list:
    """By going through all of it, piece by piece."""
    pieces: list[list[int]] = []
    for first, last, gap in sorted(seen.outside):
        if pieces and first - pieces[-1][1] <= pieces[-1][2]:
            if last >= pieces[-1][1]:
                pieces[-1][1:] = [last, gap]
        else:
            pieces.append([first, last, gap])
    if absent.ended_by is not None:
        for piece in pieces:
            if piece[1] <= absent.to_us <= piece[1] + piece[2]:
                piece[1] = absent.to_us
    sure = union([*((first, last) for first, last, _ in pieces), *seen.unheard])
    return common(clipped(unexcused, from_us, to_us), sure)


@settings(max_examples=400)
@given(
    st.lists(chains, max_size=12), st.lists(spans, max_size=3), st.lists(spans, max_size=4), spans, times, st.booleans()
)
def test_certain_time_is_what_all_evidence_gives(outside, unheard, excused, span, until, ended) -> None:
    seen = Seen([], outside, unheard)
    by = Stretch(until, until + 1, PRESENT, False, (), None) if ended else None
    absent = Absent(span[0], until, Stretch(span[0], until, ABSENT, False, (), None), False, (), None, by)
    for _ in range(2):
        assert _certain(seen, union(excused), *span, absent) == everything(seen, union(excused), *span, absent)


@given(st.lists(times, max_size=8), times)
def test_the_presence_before_is_the_last_one_up_to_then(present, at_us) -> None:
    seen = Seen([], present_at=[(t, None) for t in present])
    assert seen.present_before(at_us) == max((t for t in present if t <= at_us), default=None)
    assert seen.present_before(at_us) == max((t for t in present if t <= at_us), default=None)

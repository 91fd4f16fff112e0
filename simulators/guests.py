"""People whose tag is heard through a home unit that is fitted to another of the same address: a hostel's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from simulators.speakers import Speaker
from simulators.subjects import Subject


class Guest(NamedTuple):
    """A tag that a device hears besides its own; ``from_us`` and ``until_us`` in microseconds since the run began."""

    device: int
    person: int
    tag: str
    from_us: int
    until_us: int


def guests_of(speakers: Sequence[Speaker], subjects: Sequence[Subject], start_us: int) -> Iterator[Guest]:
    """Every guest, in the order of people."""
    units = {speaker.id: device for device, speaker in enumerate(speakers)}
    for person, subject in enumerate(subjects):
        for worn in subject.worn:
            if worn.lent:
                span = worn.from_us - start_us, worn.to_us - start_us
                yield Guest(units[worn.device.id], person, subject.rf_tags[0], *span)

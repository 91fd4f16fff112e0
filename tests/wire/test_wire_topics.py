"""Topics and partitions."""

from __future__ import annotations

import zlib

import pytest

from domain.wire import Direction, Topic, down_topic, lwt_topic, parse_topic, partition_of, up_topic


def test_partition_is_crc32_of_the_id_mod_64_as_two_hex_digits() -> None:
    for device in ("T1", "H-4", "a_b", "Z" * 32):
        assert int(partition_of(device), 16) == zlib.crc32(device.encode()) % 64
        assert len(partition_of(device)) == 2


def test_partitions_are_spread_over_all_64() -> None:
    assert {partition_of(f"GT-{n}") for n in range(2000)} == {f"{n:02x}" for n in range(64)}


def test_topics_are_read_back() -> None:
    part = partition_of("T1")
    assert up_topic("T1") == f"em/v1/{part}/T1/up"
    assert parse_topic(up_topic("T1")) == Topic(part, "T1", Direction.UP)
    assert parse_topic(down_topic("T1")) == Topic(part, "T1", Direction.DOWN)
    assert parse_topic(lwt_topic("T1")) == Topic(part, "T1", Direction.LWT)


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "em/v1/00/T1",
        "em/v1/00/T1/up/",
        "/em/v1/00/T1/up",
        "em/v2/00/T1/up",
        "em/v1/0/T1/up",
        "em/v1/3F/T1/up",
        "em/v1/000/T1/up",
        "em/v1/zz/T1/up",
        "em/v1/00//up",
        "em/v1/00/T 1/up",
        "em/v1/00/T.1/up",
        "em/v1/00/é/up",
        "em/v1/00/١/up",
        f"em/v1/00/{'T' * 33}/up",
        "em/v1/00/T1/UP",
        "em/v1/00/T1/side",
        "em/v1/00/T1/up\n",
        "em/v1/00/T1\x00/up",
        "$SYS/broker/version",
    ],
)
def test_what_is_not_a_topic_of_ours_is_none(topic: str) -> None:
    assert parse_topic(topic) is None


def test_an_id_of_32_characters_is_still_one() -> None:
    assert parse_topic(up_topic("T" * 32)) is not None

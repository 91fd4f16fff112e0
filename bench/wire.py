"""How long the codec takes for a message of one fix: ``python -m bench.wire [--messages N]``.

Prints microseconds a message of JSON and of MessagePack, to columns, and of a message that needs careful reading.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence

import msgspec

from domain.facts import Roster
from domain.wire import Decoder, Message, up_topic

SENT_MS = 1_794_339_127_500
ROUNDS = 9


def envelope(index: int, *, extra: bool = False) -> dict[str, object]:
    """One fix with speed, heading and battery; ``extra`` adds a key that we do not know."""
    fix = {
        "seq": index + 1,
        "t": SENT_MS + index,
        "lat": 51.5 + index * 1e-6,
        "lon": -0.12 + index * 1e-6,
        "acc": 8.5,
        "spd": 1.2,
        "hdg": 270.5,
        "bat": 87,
    }
    return {"v": 1, "sent": SENT_MS + index, "fixes": [fix | {"vendor": 1} if extra else fix]}


def measure(payloads: Sequence[bytes]) -> float:
    """Microseconds a message, the best of some rounds over all of them."""
    names = [f"T{index}" for index in range(len(payloads))]
    messages: list[Message] = [
        (up_topic(name), payload, SENT_MS * 1000) for name, payload in zip(names, payloads, strict=True)
    ]
    decoder = Decoder(Roster(), frozenset(names))
    assert not decoder.decode(messages).dead_letters
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.perf_counter()
        decoder.decode(messages)
        best = min(best, time.perf_counter() - started)
    return best / len(payloads) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=4000, help="messages in one call")
    count = parser.parse_args().messages
    json_us = measure([msgspec.json.encode(envelope(index)) for index in range(count)])
    msgpack_us = measure([msgspec.msgpack.encode(envelope(index)) for index in range(count)])
    careful_us = measure([msgspec.json.encode(envelope(index, extra=True)) for index in range(count)])
    result = {"messages": count, "json_us": json_us, "msgpack_us": msgpack_us, "unknown_key_us": careful_us}
    print(json.dumps({name: round(value, 3) for name, value in result.items()}))


if __name__ == "__main__":
    main()

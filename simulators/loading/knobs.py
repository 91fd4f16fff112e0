"""Names under which others know a load run: ThingsBoard's knobs from the environment, and the MQTT benchmark's scenarios. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from domain.errors import BadSetting

SCALES: Final = ((1_000_000, "M"), (1_000, "K"))
TRUE: Final = frozenset({"true", "1", "yes"})
PLAIN_PORT: Final = 1883
TLS_PORT: Final = 8883
USUAL_WARM_UP_S: Final = 10.0


def scenario_name(devices: int, rate_hz: float) -> str:
    """In the style of the Open MQTT Benchmark Suite: publishers, subscribers, messages a second in, and out again."""
    return f"fanin-{_short(devices)}-1-{_short(rate_hz)}-{_short(rate_hz)}"


def _short(number: float) -> str:
    for scale, letter in SCALES:
        if number >= scale:
            return f"{float(f'{number / scale:.3g}'):g}{letter}"
    return f"{float(f'{number:.3g}'):g}"


@dataclass(frozen=True, slots=True)
class Knobs:
    """What ThingsBoard's names ask for, None where they say nothing. ``used``: those that were found, with their values."""

    used: dict[str, str]
    broker: str | None = None
    api: str | None = None
    first_device: int | None = None
    devices: int | None = None
    rate_hz: float | None = None
    duration_s: float | None = None
    tampers_hz: float | None = None
    tampers_from_s: float | None = None
    tampers_to_s: float | None = None
    warm_up_s: float | None = None


NAMES: Final = (
    "MQTT_HOST",
    "MQTT_PORT",
    "MQTT_SSL_ENABLED",
    "REST_URL",
    "DEVICE_START_IDX",
    "DEVICE_END_IDX",
    "DEVICE_COUNT",
    "USE_INSTANCE_IDX",
    "INSTANCE_IDX",
    "MESSAGES_PER_SECOND",
    "DURATION_IN_SECONDS",
    "ALARMS_PER_SECOND",
    "ALARM_STORM_START_SECOND",
    "ALARM_STORM_END_SECOND",
    "WARMUP_ENABLED",
)


def knobs_of(environment: Mapping[str, str]) -> Knobs:
    """What the environment asks for. Raises `BadSetting` for a value that cannot be."""
    used = {name: environment[name] for name in NAMES if environment.get(name)}
    first, devices = _devices(used)
    warm_up_s = None
    if "WARMUP_ENABLED" in used:
        warm_up_s = USUAL_WARM_UP_S if used["WARMUP_ENABLED"].lower() in TRUE else 0.0
    return Knobs(
        used,
        _broker(used),
        used.get("REST_URL"),
        first,
        devices,
        _number(used, "MESSAGES_PER_SECOND", float),
        _number(used, "DURATION_IN_SECONDS", float),
        _number(used, "ALARMS_PER_SECOND", float),
        _number(used, "ALARM_STORM_START_SECOND", float),
        _number(used, "ALARM_STORM_END_SECOND", float),
        warm_up_s,
    )


def _broker(used: Mapping[str, str]) -> str | None:
    if "MQTT_HOST" not in used:
        return None
    tls = used.get("MQTT_SSL_ENABLED", "").lower() in TRUE
    port = _number(used, "MQTT_PORT", int) or (TLS_PORT if tls else PLAIN_PORT)
    return f"{'mqtts' if tls else 'mqtt'}://{used['MQTT_HOST']}:{port}"


def _devices(used: Mapping[str, str]) -> tuple[int | None, int | None]:
    """The first of them, and how many: from an index to before another, or as many for each instance."""
    count = _number(used, "DEVICE_COUNT", int)
    if used.get("USE_INSTANCE_IDX", "").lower() in TRUE:
        if count is None:
            raise BadSetting("USE_INSTANCE_IDX needs DEVICE_COUNT: how many devices each instance has")
        return (_number(used, "INSTANCE_IDX", int) or 0) * count, count
    first, end = _number(used, "DEVICE_START_IDX", int), _number(used, "DEVICE_END_IDX", int)
    if end is None:
        return first, count
    if end <= (first or 0):
        raise BadSetting(f"DEVICE_END_IDX: {end} is not after DEVICE_START_IDX")
    return first, end - (first or 0)


def _number(used: Mapping[str, str], name: str, kind: Callable[[str], Any]) -> Any:
    if name not in used:
        return None
    try:
        value = kind(used[name])
    except ValueError:
        raise BadSetting(f"{name}: {used[name]} is not a number") from None
    if not 0 <= value < float("inf"):
        raise BadSetting(f"{name}: {used[name]} is not a number from 0 on")
    return value

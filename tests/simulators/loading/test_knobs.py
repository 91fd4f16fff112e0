"""Other programs' names: knobs from the environment, and the name of a run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bailiwick.load_command import wanted_of
from domain.errors import BadSetting
from simulators.loading.knobs import NAMES, knobs_of, scenario_name
from simulators.loading.limits import Gave
from simulators.loading.meter import STAGES
from simulators.loading.plans import Profile

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "load.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("devices", "rate_hz", "name"),
    [
        (50_000, 50_000.0, "fanin-50K-1-50K-50K"),
        (18_000, 5_000.0, "fanin-18K-1-5K-5K"),
        (1_500, 250.0, "fanin-1.5K-1-250-250"),
        (1_000_000, 0.5, "fanin-1M-1-0.5-0.5"),
    ],
)
def test_a_run_is_named_as_in_the_public_benchmark(devices: int, rate_hz: float, name: str) -> None:
    assert scenario_name(devices, rate_hz) == name


def test_thingsboards_names_say_what_ours_say() -> None:
    given = {
        "MQTT_HOST": "broker.example",
        "REST_URL": "http://127.0.0.1:8080",
        "DEVICE_START_IDX": "100",
        "DEVICE_END_IDX": "1100",
        "MESSAGES_PER_SECOND": "500",
        "DURATION_IN_SECONDS": "60",
        "ALARMS_PER_SECOND": "2",
        "ALARM_STORM_START_SECOND": "10",
        "WARMUP_ENABLED": "false",
        "SERVER_PORT": "19090",
    }
    knobs = knobs_of(given)
    assert knobs.used == {name: value for name, value in given.items() if name != "SERVER_PORT"}
    assert (knobs.broker, knobs.api) == ("mqtt://broker.example:1883", "http://127.0.0.1:8080")
    assert knobs.first_device == 100
    wanted = wanted_of(Profile.STEADY, knobs, {"rate_hz": 900.0, "tampers_hz": None})
    assert (wanted.devices, wanted.rate_hz, wanted.duration_s) == (1000, 900.0, 60.0)
    assert (wanted.tampers_hz, wanted.tampers_from_s, wanted.warm_up_s) == (2.0, 10.0, 0.0)


def test_without_any_it_is_as_it_is_by_itself() -> None:
    knobs = knobs_of({})
    assert (knobs.used, knobs.broker) == ({}, None)
    assert (wanted_of(Profile.BURST, knobs, {}).steps, wanted_of(Profile.RAMP, knobs, {}).steps) == (5, 10)


def test_a_secure_broker_and_instances() -> None:
    knobs = knobs_of(
        {
            "MQTT_HOST": "h",
            "MQTT_SSL_ENABLED": "true",
            "USE_INSTANCE_IDX": "true",
            "INSTANCE_IDX": "2",
            "DEVICE_COUNT": "50",
        }
    )
    assert (knobs.broker, knobs.first_device, knobs.devices) == ("mqtts://h:8883", 100, 50)
    assert knobs_of({"MQTT_HOST": "h", "MQTT_PORT": "1999"}).broker == "mqtt://h:1999"


@pytest.mark.parametrize(
    "given",
    [
        {"MESSAGES_PER_SECOND": "many"},
        {"DURATION_IN_SECONDS": "-1"},
        {"DURATION_IN_SECONDS": "nan"},
        {"DEVICE_START_IDX": "5", "DEVICE_END_IDX": "5"},
        {"USE_INSTANCE_IDX": "true"},
    ],
)
def test_what_cannot_be_is_refused_by_its_name(given: dict[str, str]) -> None:
    with pytest.raises(BadSetting, match="|".join(given)):
        knobs_of(given)


def test_the_page_has_every_knob_stage_limit_and_profile() -> None:
    told = set(re.findall(r"`(\w+)`", PAGE))
    assert set(NAMES) | set(STAGES) | {gave.value for gave in Gave} | {profile.value for profile in Profile} <= told

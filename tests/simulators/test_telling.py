"""How commands say what is wrong."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from domain.errors import BadInput, BadSetting, Fault
from simulators.files_asked import naming
from simulators.telling import MOST_TOLD, told


async def _raise(error: Exception) -> int:
    async def inner() -> None:
        async with asyncio.TaskGroup():
            raise error

    async with asyncio.TaskGroup() as group:
        await group.create_task(inner())
    return 0


@pytest.mark.parametrize(("error", "code"), [(BadSetting("--x: no"), 2), (OSError("too many files"), 1)])
def test_what_goes_wrong_within_tasks_is_told_as_by_itself(
    capsys: pytest.CaptureFixture[str], error: Exception, code: int
) -> None:
    assert told(lambda: asyncio.run(_raise(error)), "it") == code
    assert capsys.readouterr().err.count("\n") == 1


def test_of_many_faults_the_first_are_told_and_the_others_counted(capsys: pytest.CaptureFixture[str]) -> None:
    def wrong(count: int) -> int:
        raise BadInput([Fault("f", n + 1, "x", "no") for n in range(count)])

    assert told(lambda: wrong(MOST_TOLD), "it") == 2
    assert capsys.readouterr().err.splitlines()[-1] == "f:20: x: no"
    assert told(lambda: wrong(MOST_TOLD + 1_234), "it") == 2
    assert capsys.readouterr().err.splitlines()[-2:] == ["f:20: x: no", "... and 1,234 more"]


def test_a_disk_that_is_full_is_told_with_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    def write() -> int:
        with naming("r.json"), Path("/dev/full").open("w", encoding="utf-8") as file:
            file.write("x")
        return 0

    assert told(write, "it") == 1
    assert capsys.readouterr().err == "r.json: No space left on device\n"

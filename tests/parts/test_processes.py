"""A child that is ours: its log, its ready-check, its end, also when we are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bailiwick.parts.processes import (
    Account,
    Child,
    PartFailed,
    free_ports,
    last_line,
    make_folder,
    reachable,
    run_to_end,
)
from tests.waiting import wait_until

PROJECT = Path(__file__).parents[2]
WAITS = "import time; time.sleep(600)"
IGNORES = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); {WAITS}"
PARENT = """
import sys, time
from pathlib import Path
from bailiwick.parts.processes import Child
child = Child("sleeper", [sys.executable, "-c", sys.argv[1]], Path(sys.argv[2]))
print(child.pid, flush=True)
time.sleep(600)
"""
pytestmark = pytest.mark.slow


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def python(code: str, tmp_path: Path, name: str = "part") -> Child:
    return Child(name, [sys.executable, "-c", code], tmp_path / "part.log")


def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, WAITS, str(tmp_path / "log")]
    parent = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert runs(pid)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    wait_until(lambda: not runs(pid), "the child ends")


def test_stop_asks_first_and_then_kills(tmp_path: Path) -> None:
    child = python(IGNORES, tmp_path)
    child.wait_ready(lambda: last_line(child.log) == "ready")
    child.stop(grace_s=0.1)
    assert child.returncode == -signal.SIGKILL
    gentle = python(WAITS, tmp_path)
    gentle.stop()
    assert gentle.returncode == -signal.SIGTERM
    gentle.stop()
    gentle.kill()


def test_one_that_ends_by_itself_is_told_with_the_last_line_of_its_log(tmp_path: Path) -> None:
    child = python("import sys; print('starting', flush=True); sys.exit('the disk is full')", tmp_path, "the part")
    with pytest.raises(PartFailed, match="the part ended with code 1: the disk is full") as caught:
        child.wait_ready(lambda: False)
    assert "\n" not in str(caught.value)


def test_one_that_is_never_ready_is_ended(tmp_path: Path) -> None:
    child = python(WAITS, tmp_path)
    with pytest.raises(PartFailed, match=r"not ready within 0\.1 s"):
        child.wait_ready(lambda: False, timeout_s=0.1)
    assert child.returncode == -signal.SIGKILL


def test_a_missing_program_is_one_line(tmp_path: Path) -> None:
    child = Child("ghost", ["/no/such/program"], tmp_path / "ghost.log")
    with pytest.raises(PartFailed, match="ghost ended with code 1: /no/such/program: No such file"):
        child.wait_ready(lambda: False)


def test_what_a_child_may_open_is_raised_to_the_limit(tmp_path: Path) -> None:
    code = "import resource; print(resource.getrlimit(resource.RLIMIT_NOFILE))"
    child = python(code, tmp_path)
    wait_until(lambda: child.returncode == 0, "the child ends")
    soft, hard = eval(last_line(child.log))
    assert soft == min(hard, 1 << 16) or hard == -1


def test_reachable_goes_by_every_folder_above(tmp_path: Path) -> None:
    stranger = Account(uid=os.geteuid() + 4242, gid=os.getegid() + 4242)
    open_to_all = make_folder(tmp_path / "open", mode=0o755)
    closed = make_folder(tmp_path / "closed", mode=0o700)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and not folder.stat().st_mode & 1:
            folder.chmod(folder.stat().st_mode | 0o001)
    assert reachable(open_to_all, stranger)
    assert not reachable(closed / "below", stranger)
    assert reachable(closed / "below", None)
    with pytest.raises(PartFailed, match="cannot make the folder"):
        make_folder(Path("/proc/nothing/here"))


def test_folders_that_are_made_can_be_passed_whatever_the_mask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        made = make_folder(tmp_path / "above" / "it" / "own")
    finally:
        os.umask(before)
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in (made, made.parent, made.parent.parent)}
    assert modes == {"own": "0o700", "it": "0o711", "above": "0o711"}


def test_free_ports_are_free() -> None:
    assert len(set(free_ports(50))) == 50


def test_a_program_with_an_end_is_waited_for(tmp_path: Path) -> None:
    log = tmp_path / "log"
    for _ in range(5):
        run_to_end("quick", [sys.executable, "-c", "print('done')"], log)
    assert log.read_text() == "done\n" * 5
    with pytest.raises(PartFailed, match="quick ended with code 3: no"):
        run_to_end("quick", [sys.executable, "-c", "print('no'); raise SystemExit(3)"], log)

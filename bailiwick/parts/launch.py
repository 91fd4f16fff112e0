"""What runs in a child before the part does: ``python -I -S launch.py OPTIONS PROGRAM ARGUMENT...``.

OPTIONS is one JSON object: ``parent`` (process id), ``death_signal``, and, to drop root, ``uid`` and ``gid``. Run as a
file of its own, not as ``preexec_fn``, which may not be used once threads run. It imports nothing of ours.
"""

import ctypes
import json
import os
import resource
import sys

PR_SET_PDEATHSIG = 1
OPEN_FILES_WANTED = 1 << 16
"""A broker needs one a connection; 18,000 and more of them. Capped: some programs make a table of this length."""


def _raise_open_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES_WANTED if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES_WANTED)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _drop_root(uid: int, gid: int) -> None:
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


def _end_with_parent(parent: int, death_signal: int) -> None:
    """Linux only: the kernel sends ``death_signal`` when the parent is gone, however it went."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:  # it died before the call
        sys.exit(1)


def main() -> None:
    options = json.loads(sys.argv[1])
    _raise_open_files()
    if "uid" in options:
        _drop_root(options["uid"], options["gid"])
    # After the change of user, which clears it.
    _end_with_parent(options["parent"], options["death_signal"])
    program = sys.argv[2]
    try:
        os.execvp(program, sys.argv[2:])  # noqa: S606 - this is what it is for
    except OSError as error:
        sys.exit(f"{program}: {error.strerror}")


if __name__ == "__main__":
    main()

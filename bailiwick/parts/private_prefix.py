"""Packages of a Debian suite, unpacked into a folder of ours: no root, and nothing of the system is touched.

A private apt state (lists, an empty status file, a cache) finds and fetches the packages and the libraries that they
depend on; ``dpkg-deb -x`` unpacks them; ``patchelf``, itself run by the loader that was unpacked, makes the programs use
that loader and those libraries, so that a newer suite than the machine's own works. The folder's path is written into
the programs: it cannot be moved. About 10 s for a database and a broker, once.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bailiwick.parts.processes import PartFailed, reachable, unprivileged

RECIPE = 1
"""Counted up when the steps below change: prefixes made by others are made again."""
COMMAND_TIMEOUT_S = 300
DISK_MB = 1000
DEFAULT_MIRROR = "http://deb.debian.org/debian/"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
READY = "ready.json"

# Depended on by the packages, not by the programs that we run.
_LEFT_OUT = ("libllvm", "libz3", "libperl", "libdb5", "libsemanage", "libsepol")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a prefix holds: packages of a suite, and the programs in it that will be run."""

    name: str
    suite: str
    packages: tuple[str, ...]
    programs: tuple[str, ...]
    """Paths below the prefix; a folder stands for every program in it."""
    left_out: tuple[str, ...] = _LEFT_OUT
    drop: tuple[str, ...] = ()
    """Files deleted after unpacking: those that need a library that was left out."""
    disk_mb: int = DISK_MB
    """Free disk without which nothing is begun."""

    def digest(self) -> str:
        text = json.dumps([RECIPE, self.suite, self.packages, self.programs, self.left_out, self.drop])
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def private_prefix(wanted: Wanted, cache: Path) -> Path:
    """The folder with the packages, made when it is not there yet; waits while another process makes it.

    Raises `PartFailed`: one line on what is missing (apt, the mirror, the disk).
    """
    cache = _reachable_cache(cache)
    prefix = cache / f"{wanted.name}-{wanted.digest()}"
    with _lock(cache / f"{prefix.name}.lock"):
        if not _is_ready(prefix):
            _make(wanted, prefix)
    return prefix


def made_prefix(wanted: Wanted, cache: Path) -> Path | None:
    """The folder when it is there already; nothing is made."""
    prefix = _place(cache) / f"{wanted.name}-{wanted.digest()}"
    return prefix if _is_ready(prefix) else None


def versions_in(prefix: Path) -> dict[str, str]:
    """Version by package of a prefix that `private_prefix` gave."""
    found: dict[str, str] = json.loads((prefix / READY).read_text())["versions"]
    return found


def triplet(prefix: Path) -> str:
    """``x86_64-linux-gnu`` and the like: the folder of its libraries."""
    return next(path.parent.name for path in sorted(prefix.glob("usr/lib/*-linux-*/libc.so.6")))


def _place(cache: Path) -> Path:
    """``cache``; as root, where the account of the parts cannot reach it, a folder of ours in the temporary folder."""
    cache = cache.resolve()
    if reachable(cache, unprivileged()):
        return cache
    name = hashlib.sha256(str(cache).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()).resolve() / f"bailiwick-parts-{name}"


def _reachable_cache(cache: Path) -> Path:
    cache = _place(cache)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        if cache.stat().st_uid != os.geteuid():
            raise PartFailed(f"{cache} belongs to another user: remove it, or run as that user")
        cache.chmod(0o755)
    except OSError as error:
        raise PartFailed(f"cannot make the folder {cache}: {error.strerror}") from error
    return cache


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _is_ready(prefix: Path) -> bool:
    try:
        return bool(json.loads((prefix / READY).read_text())["prefix"] == str(prefix))
    except (OSError, ValueError, KeyError):
        return False


def _make(wanted: Wanted, prefix: Path) -> None:
    _check_machine(prefix.parent, wanted.disk_mb)
    shutil.rmtree(prefix, ignore_errors=True)
    old_umask = os.umask(0o022)
    try:
        with tempfile.TemporaryDirectory(dir=prefix.parent, prefix="apt-") as work:
            apt = _Apt(Path(work), wanted.suite)
            apt.update()
            packages = apt.closure(wanted.packages, wanted.left_out)
            for archive in apt.download(packages):
                _run(["dpkg-deb", "-x", str(archive), str(prefix)], "cannot unpack a package")
        for pattern in wanted.drop:
            for path in prefix.glob(pattern):
                path.unlink()
        _relink(prefix, wanted.programs)
        ready = {"prefix": str(prefix), "versions": packages}
        (prefix / READY).write_text(json.dumps(ready, indent=1))
    except OSError as error:
        raise PartFailed(f"cannot make {prefix}: {error}") from error
    finally:
        os.umask(old_umask)


def _check_machine(cache: Path, disk_mb: int) -> None:
    for program in ("apt-get", "dpkg-deb"):
        if shutil.which(program) is None:
            raise PartFailed(f"{program} is not on this machine")
    free_mb = shutil.disk_usage(cache).free >> 20
    if free_mb < disk_mb:
        raise PartFailed(f"{disk_mb} MB of disk are needed at {cache}, {free_mb} MB are free")


class _Apt:
    """apt over a state of its own, in a folder that is thrown away."""

    def __init__(self, folder: Path, suite: str) -> None:
        self._archives = folder / "archives"
        self._archives.mkdir()
        (folder / "lists" / "partial").mkdir(parents=True)
        (folder / "cache" / "archives" / "partial").mkdir(parents=True)
        (folder / "status").touch()
        self.mirror = _mirror()
        signed = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
        (folder / "sources.list").write_text(f"deb {signed}{self.mirror} {suite} main\n")
        options = {
            "Dir::State": folder,
            "Dir::State::Lists": folder / "lists",
            "Dir::State::status": folder / "status",
            "Dir::Cache": folder / "cache",
            "Dir::Etc::sourcelist": folder / "sources.list",
            "Dir::Etc::sourceparts": "-",
            "Dir::Etc::preferences": "-",
            "Dir::Etc::preferencesparts": "-",
            "APT::Sandbox::User": "root" if os.geteuid() == 0 else "",
            "APT::Install-Recommends": "false",
            "Acquire::Languages": "none",
            "Acquire::Retries": "1",
            "APT::Update::Post-Invoke": "",
        }
        self._options = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]

    def update(self) -> None:
        # apt-get ends with 0 when the mirror cannot be reached; then there are no lists, and this makes it fail.
        self._get(["update", "--error-on=any"])

    def closure(self, packages: Sequence[str], left_out: tuple[str, ...]) -> dict[str, str]:
        """The packages and every library that they depend on, with versions."""
        said = self._get(["install", "--simulate", "--no-install-recommends", *packages])
        found = {}
        for line in said.splitlines():
            words = line.split()
            if words[:1] == ["Inst"]:
                name, version = words[1].partition(":")[0], words[2].strip("(")
                library = name.startswith("lib") and not name.endswith("-perl") and not name.startswith(left_out)
                if library or name in packages:
                    found[name] = version
        return found

    def download(self, packages: dict[str, str]) -> list[Path]:
        wanted = [f"{name}={version}" for name, version in packages.items()]
        self._get(["download", *wanted], folder=self._archives)
        return sorted(self._archives.glob("*.deb"))

    def _get(self, words: Sequence[str], folder: Path | None = None) -> str:
        advice = f"the package mirror {self.mirror} does not serve what is needed"
        return _run(["apt-get", "-q", "-y", *self._options, *words], advice, folder)


def _mirror() -> str:
    """The Debian mirror that this machine's own apt uses."""
    said = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)"],
        capture_output=True,
        text=True,
        timeout=COMMAND_TIMEOUT_S,
        check=False,
    ).stdout
    found = [uri for uri in said.split() if "debian" in uri and "security" not in uri and uri.startswith("http")]
    return found[0] if found else DEFAULT_MIRROR


def _run(command: Sequence[str], failure: str, folder: Path | None = None) -> str:
    """Standard output. Raises `PartFailed` with ``failure`` and the first error line."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PartFailed(f"{failure}: {error}") from error
    if done.returncode:
        lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        first = next((line for line in lines if line.startswith(("E:", "Err"))), lines[-1] if lines else "no message")
        raise PartFailed(f"{failure}: {first.strip()}")
    return done.stdout


def _relink(prefix: Path, programs: Sequence[str]) -> None:
    """Makes the programs, and only those, use the loader and the libraries of the prefix."""
    libraries = prefix / "usr" / "lib" / triplet(prefix)
    loader = next(iter(sorted(libraries.glob("ld-linux-*.so.*"))))
    search = f"{libraries}:{prefix / 'usr' / 'lib'}"
    patchelf = [str(loader), "--library-path", search, str(prefix / "usr" / "bin" / "patchelf")]
    change = ["--set-interpreter", str(loader), "--force-rpath", "--set-rpath", search]
    for program in programs:
        for path in _elf_programs(prefix / program):
            _run([*patchelf, *change, str(path)], f"cannot make {path.name} use its own libraries")


def _elf_programs(path: Path) -> Iterator[Path]:
    for candidate in sorted(path.iterdir()) if path.is_dir() else [path]:
        mode = candidate.lstat().st_mode
        if stat.S_ISREG(mode) and mode & stat.S_IXUSR and candidate.read_bytes()[:4] == b"\x7fELF":
            yield candidate

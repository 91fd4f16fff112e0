"""Makes the project's virtual environment: ``python3 deploy/environment.py FOLDER [--dev]``; ``make`` calls it.

Standard library alone, and no syntax that an old Python cannot read, so that it can say that it is too old. Where Python
comes without ``ensurepip`` (Debian's without ``python3-venv``), pip is fetched from the package index.
"""

import configparser
import hashlib
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
import venv
from pathlib import Path

OLDEST = (3, 11)
OLDEST_PIP = "pip>=25.1"  # the first with --group
DEFAULT_INDEX = "https://pypi.org/simple"
FETCH_TIMEOUT_S = 60
PROJECT = Path(__file__).resolve().parents[1]


def main(arguments):
    if sys.version_info < OLDEST:
        sys.exit("Bailiwick needs Python 3.11 or newer; this is %d.%d (%s)" % (*sys.version_info[:2], sys.executable))
    folder = Path(arguments[0])
    python = folder / "bin" / "python"
    if not works(python):
        make(folder)
    if not quiet(python, "-m", "pip", "--version"):
        give_pip(python)
    install(python, "--upgrade", OLDEST_PIP)
    print("installing the packages into %s ..." % folder, flush=True)
    install(python, "--editable", str(PROJECT), *(("--group", "dev") if "--dev" in arguments else ()))


def make(folder):
    try:
        venv.EnvBuilder(clear=True, symlinks=True).create(folder)
    except OSError as error:
        sys.exit("cannot make the virtual environment %s: %s" % (folder, error))


def works(python):
    return python.exists() and quiet(python, "-c", "import sys; sys.exit(sys.version_info < (%d, %d))" % OLDEST)


def quiet(*command):
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def install(python, *words):
    """pip itself says what is the matter; what it says is cut to its errors."""
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *words]
    done = subprocess.run(command, cwd=PROJECT, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        for line in errors[:3] or done.stderr.splitlines()[-3:]:
            print(line, file=sys.stderr)
        sys.exit("the packages could not be installed: is the package index (%s) within reach?" % index())


def give_pip(python):
    """By ``ensurepip``, else by the wheel from the index, which can install itself."""
    if importlib.util.find_spec("ensurepip") and quiet(python, "-m", "ensurepip", "--default-pip"):
        return
    try:
        with tempfile.TemporaryDirectory() as folder:
            wheel = fetch_pip(Path(folder))
            command = [python, wheel / "pip", "install", "--quiet", "pip"]
            subprocess.run(command, check=True)
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        sys.exit(
            "this Python has no ensurepip, and pip could not be fetched from %s (%s): "
            "install it (Debian: apt install python3-venv)" % (index(), error)
        )


def fetch_pip(folder):
    """Path of the newest pip wheel, its checksum compared. What is opened is the index that whoever installs has set."""
    address = index().rstrip("/") + "/pip/"
    accept = {"Accept": "application/vnd.pypi.simple.v1+json"}
    with urllib.request.urlopen(urllib.request.Request(address, headers=accept), timeout=FETCH_TIMEOUT_S) as page:  # nosec B310
        files = json.load(page)["files"]
    pattern = re.compile(r"pip-(\d+)\.(\d+)(?:\.(\d+))?-py3-none-any\.whl")
    found = [(pattern.fullmatch(entry["filename"]), entry) for entry in files if not entry.get("yanked")]
    newest = max(
        (entry for entry in found if entry[0]), key=lambda entry: tuple(int(part or 0) for part in entry[0].groups())
    )[1]
    with urllib.request.urlopen(newest["url"], timeout=FETCH_TIMEOUT_S) as page:  # nosec B310
        body = page.read()
    if hashlib.sha256(body).hexdigest() != newest["hashes"]["sha256"]:
        raise ValueError("its checksum is wrong")
    path = folder / newest["filename"]
    path.write_bytes(body)
    return path


def index():
    """The index that pip is set to use on this machine."""
    if os.environ.get("PIP_INDEX_URL"):
        return os.environ["PIP_INDEX_URL"]
    settings = configparser.ConfigParser(interpolation=None)
    settings.read(["/etc/pip.conf", Path.home() / ".pip" / "pip.conf", Path.home() / ".config" / "pip" / "pip.conf"])
    return settings.get("global", "index-url", fallback=DEFAULT_INDEX)


if __name__ == "__main__":
    main(sys.argv[1:])

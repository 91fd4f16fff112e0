"""What making a breach pack costs: ``python -m bench.report``. Writes bench/results/report.json.

A curfew order of 30 days with a position a minute, 43,200 in all, and 200 violations that the rules themselves find in them. From what is
gathered to a signed file: filled, written into its parts, drawn, typeset, signed. ``peak_mb`` is what that takes beyond the process that
waits for packs: what it grows by, and all of the process that typesets. It is made again in another process, and must be the same to the byte before it is signed. Then it is changed, byte by byte
here and there, and checked as anybody else would check it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import pickle
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
import psutil

from bailiwick.pack_key import make_demo_key
from bailiwick.timezones import pinned_time_zones
from bench.results import write_result
from domain.caseload_file import parse_record
from domain.facts import Facts, empty_facts
from domain.instants import DAY_US, MINUTE_US, SECOND_US, format_instant, parse_instant
from domain.records import Version
from domain.violations import Violation
from domain.vocabulary import Kind
from evidence.content import Attachment, Embedded, Pack, Versions
from evidence.document import apart
from evidence.document.typesetting import pdf_of
from evidence.feed_files import caseload_lines, feed_lines
from evidence.files import JSON, WHAT, File, Told, files_of, manifest_of
from evidence.filling import CaseSaid, fill
from evidence.gathered import Gathered, Heard, Relied, Taken
from evidence.manifest import MANIFEST, digest_of
from evidence.replaying import judged
from evidence.signing import key_of_file, sign
from evidence.verifying import verify

DAYS: Final = 30
VIOLATIONS: Final = 200
AWAY_FIXES: Final = 12
"""Positions of an absence: it is one from the sixth minute on."""
TAMPERED: Final = 200
START_US: Final = parse_instant("2026-09-21T12:00:00Z")
HOME: Final = (0.5217, 51.2745)


def main() -> None:
    """Everything, or with ``--make FOLDER`` one making in this process."""
    parser = argparse.ArgumentParser(prog="bench.report")
    parser.add_argument("--make", type=Path)
    given = parser.parse_args()
    if given.make:
        print(json.dumps(made(given.make)))
        return
    with tempfile.TemporaryDirectory(prefix="bailiwick-bench-") as name:
        folder = Path(name)
        found = gathered()
        (folder / "gathered").write_bytes(pickle.dumps(found))
        make_demo_key(folder / "key.p12")
        runs = [_apart(folder) for _ in range(3)]
        best = min(runs, key=lambda run: float(run["seconds"]))
        document = (folder / "pack.pdf").read_bytes()
        whole = _verified(document)
        write_result(
            "report",
            {
                "points": len(found.heard),
                "violations": len(found.relied),
                "breach_report_s": round(best["seconds"], 3),
                "runs_s": [round(run["seconds"], 3) for run in runs],
                "cpu_s": round(best["cpu_s"], 3),
                "stages_s": best["stages_s"],
                "peak_mb": round(max(run["peak_mb"] for run in runs)),
                "typesetter_mb": round(max(run["typesetter_mb"] for run in runs)),
                "size_mb": round(best["size_mb"], 1),
                "byte_identical": len({run["unsigned_sha256"] for run in runs}) == 1,
                **whole,
                **tampered(document),
            },
            "python -m bench.report",
        )


def _apart(folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.report", "--make", str(folder)]
    told: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return told


def made(folder: Path) -> dict[str, Any]:
    """One pack, from what was gathered to the signed file, with what it cost this process."""
    found: Gathered = pickle.loads((folder / "gathered").read_bytes())
    key = key_of_file(folder / "key.p12", None)
    zones = pinned_time_zones()
    zones.zone("Europe/London")
    began, cpu = time.perf_counter(), time.process_time()
    marks = [began]
    with Beside() as beside:
        pack = _pack(found)
        marks.append(time.perf_counter())
        document = pdf_of(pack)
        marks.append(time.perf_counter())
        signed = sign(document, key, "Breach pack")
        marks.append(time.perf_counter())
    (folder / "pack.pdf").write_bytes(signed)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "seconds": marks[-1] - began,
        "cpu_s": time.process_time() - cpu + children.ru_utime + children.ru_stime,
        "peak_mb": beside.mb,
        "typesetter_mb": beside.typesetter_mb,
        "stages_s": dict(zip(("files", "typeset", "sign"), np.diff(marks).round(3).tolist(), strict=True)),
        "size_mb": len(signed) / 1e6,
        "unsigned_sha256": digest_of(document),
    }


def _pack(found: Gathered) -> Pack:
    said = CaseSaid(
        to_whom="The court",
        narrative="Invented.",
        narrative_by="R. Finch",
        versions=Versions("bench", "bench", "bench"),
    )
    filled = fill(found, said, pinned_time_zones())
    files = files_of(found, Told(filled.points, {"software": "bench"}))
    manifest = manifest_of(found, files)
    files = [*files, File(MANIFEST, JSON, manifest.as_bytes(), len(files))]
    return filled.with_files(
        Attachment(one.name, WHAT[one.name], one.media_type, digest_of(one.body), one.body, one.rows, Embedded.DATA)
        for one in files
    )


class Beside:
    """The most that this process, beyond what it was, and the typesetter had in memory at one time: in megabytes, asked for all the while."""

    def __init__(self) -> None:
        self.mb = self.typesetter_mb = 0.0
        self._own = psutil.Process()
        self._began_mb = self._own.memory_info().rss / 1e6
        self._over = threading.Event()
        self._asking = threading.Thread(target=self._ask)

    def __enter__(self) -> Beside:
        self._asking.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._asking.join()

    def _ask(self) -> None:
        while not self._over.wait(0.01):
            grown = self._own.memory_info().rss / 1e6 - self._began_mb
            child = 0.0
            with contextlib.suppress(psutil.Error):
                child = sum(
                    one.memory_info().rss / 1e6 for one in self._own.children() if apart.__file__ in one.cmdline()
                )
            self.typesetter_mb = max(self.typesetter_mb, child)
            self.mb = max(self.mb, grown + child)


# ---- an order and its facts ----


def gathered() -> Gathered:
    """The order, its facts, and what the rules find in them."""
    taken = [Taken(0, -1, one) for one in records()]
    heard = Heard(facts(), *_columns(DAYS * 1_440), ("T1",))
    until_us = int(heard.facts["received_us"][-1]) + MINUTE_US
    caseload = b"\n".join(caseload_lines(taken)) + b"\n"
    feed = b"\n".join(feed_lines(heard, taken, ())) + b"\n"
    versions = judged(caseload, feed, until_us, pinned_time_zones())
    newest: dict[str, Violation] = {}
    for one in versions:
        if one.kind is Kind.CURFEW:
            newest[one.id] = one
    relied = [Relied(one.id, one.version) for one in newest.values() if one.current]
    assert len(relied) == VIOLATIONS, f"the rules found {len(relied)}"
    return Gathered(
        case="1", version=1, reference="BW-1", wearer="W1", order="O1", made_us=until_us + DAY_US, as_of_us=until_us, taken=taken,
        heard=heard, violations=sorted(versions, key=lambda one: (one.id, one.version)), relied=relied,
    )  # fmt: skip


def records() -> list[Version]:
    """A wearer with a location tag, and a curfew from noon to noon: the whole day, so that every absence counts."""
    zones = pinned_time_zones()
    place = {"name": "Home", "lon": HOME[0], "lat": HOME[1], "radius_m": 50}
    rows = [{"day": day, "start": "12:00", "end": "12:00"} for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")]
    begins, ends = format_instant(START_US - DAY_US), format_instant(START_US + (DAYS + 1) * DAY_US)
    bodies: list[dict[str, Any]] = [
        {"type": "wearer", "id": "W1", "name": "Ansel Quill"},
        {"type": "device", "id": "T1", "kind": "gps_tag", "model": "Lark 3"},
        {"type": "fitting", "id": "F1", "wearer": "W1", "device": "T1", "from": begins},
        {"type": "order", "id": "O1", "wearer": "W1", "kind": "community", "from": begins, "to": ends},
        {
            "type": "condition", "id": "C1", "order": "O1", "kind": "curfew", "place": place, "timetable": rows,
            "override": {"by": "bench", "reason": "every minute is to count"},
        },
    ]  # fmt: skip
    return [Version(parse_record(body, zones.names)) for body in bodies]


def facts() -> Facts:
    """A position a minute: at home but for `VIOLATIONS` absences, spread evenly, each in a direction of its own."""
    count = DAYS * 1_440
    chance = np.random.default_rng(7)
    east, north = chance.normal(0, 5.0, count), chance.normal(0, 5.0, count)
    for number in range(VIOLATIONS):
        first = 60 + number * (count // VIOLATIONS)
        steps = np.sin(np.linspace(0.35, 2.8, AWAY_FIXES)) * 600
        angle = number * 2.4
        east[first : first + AWAY_FIXES] += steps * math.cos(angle)
        north[first : first + AWAY_FIXES] += steps * math.sin(angle)
    found = empty_facts(count)
    found["line"] = np.arange(count)
    found["device"] = 0
    found["seq"] = np.arange(1, count + 1)
    found["t_us"] = START_US + np.arange(count) * MINUTE_US
    found["received_us"] = found["t_us"] + SECOND_US + chance.integers(0, 900, count) * 1_000
    found["lat"] = np.round(HOME[1] + north / 111_250, 6)
    found["lon"] = np.round(HOME[0] + east / (111_320 * math.cos(math.radians(HOME[1]))), 6)
    found["acc"] = np.round(chance.uniform(6, 14, count), 1)
    return found


def _columns(count: int) -> tuple[Any, Any, Any]:
    """Commit, sending time and quality of each fact: one commit a fact."""
    return np.arange(1, count + 1), START_US + np.arange(count) * MINUTE_US, np.zeros(count, np.int8)


# ---- checking ----


def _verified(document: bytes) -> dict[str, Any]:
    """Whether the pack holds as it is, which includes deciding everything again from it alone, and how long that takes."""
    began = time.perf_counter()
    verdict = verify(document, pinned_time_zones())
    assert verdict.holds, verdict.fault
    return {"verify_s": round(time.perf_counter() - began, 2), "replayed": len(verdict.replayed)}


def tampered(document: bytes) -> dict[str, Any]:
    """Bytes here and there, from the first to the last, each changed alone."""
    chance = random.Random(7)
    places = sorted({0, len(document) - 1, *(chance.randrange(len(document)) for _ in range(TAMPERED - 2))})
    found = sum(_noticed(document, place, chance.randrange(1, 256)) for place in places)
    return {"tampering_found": found / len(places), "tampering_tried": len(places)}


def _noticed(document: bytes, place: int, change: int) -> bool:
    other = bytearray(document)
    other[place] ^= change
    try:
        return not verify(bytes(other), pinned_time_zones()).holds
    except Exception:  # a file that is no pack any more is noticed as well
        return True


if __name__ == "__main__":
    main()

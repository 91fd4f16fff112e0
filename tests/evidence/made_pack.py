"""A pack of a night that was judged, without a database: signed, and with an annex where somebody is protected."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from pyhanko.pdf_utils import embed, generic, writer

from bailiwick.timezones import pinned_time_zones
from domain.audit_chain import FIRST_PREVIOUS, Link, Said, body_digest, link_hash
from domain.instants import EARLY_US
from evidence.content import Attachment
from evidence.document.typesetting import pdf_of
from evidence.files import File, Told, files_of, manifest_of
from evidence.filling import CaseSaid, fill
from evidence.gathered import Chained, Gathered, Heard, Relied, Taken
from evidence.manifest import MANIFEST, digest_of
from evidence.signing import SigningKey, key_of_file, sign
from tests.bailiwick.pack_world import certified
from tests.rules.nights import AWAY_LAT, Line, Sender, _when, at, curfew, each, tagged, ticking, us
from tests.rules.running import WHOLE, Running, batches_of, caseload_of

ZONES = pinned_time_zones()
NEAR: list[Line] = [
    {"type": "victim", "id": "V1", "name": "Vera Invented", "contact": {"safe_channels": ["sms"]}},
    {"type": "device", "id": "U1", "kind": "victim_unit"},
    {"type": "fitting", "id": "FV1", "victim": "V1", "device": "U1", "from": at("Sun 09:00")},
    {
        "type": "equipment_check",
        "id": "EV1",
        "device": "U1",
        "at": at("Sun 10:00"),
        "by": "Ann Field",
        "result": "sound",
    },
    {"type": "condition", "id": "P1", "order": "O1", "kind": "proximity", "victim": "V1", "alert_m": 500},
]
ZONE: Line = {
    "type": "condition",
    "id": "Z1",
    "order": "O1",
    "kind": "exclusion_zone",
    "zone": {"type": "Circle", "center": [0.5, AWAY_LAT], "radius_m": 300},
}


def out() -> list[Line]:
    """W1 at home, out in the zone from 20:00, home at 21:00; the allowance larger at 20:40."""
    tag = Sender("T1")
    lines = [tag.fix(one) for one in each("18:40", "19:59")]
    lines += [tag.fix(one, AWAY_LAT) for one in each("20:00", "20:59")]
    lines += [tag.event(us("20:30:30"), "battery_low"), *(tag.fix(one) for one in each("21:00", "21:20"))]
    order = next(record for record in tagged() if record["type"] == "order")
    lines += ticking("18:40", "21:20", 300)
    return [*lines, {"learnt": at("20:40:30"), "holds_from": None, "record": order | {"atv_allowance_min": 600}}]


@cache
def gathered(*, protected: bool = False) -> Gathered:
    """Everything, as a database would have given it: each line a commit of its own."""
    records = [*tagged(), curfew(), ZONE, *(NEAR if protected else [])]
    lines = out()
    if protected:
        unit = Sender("U1")
        lines += [unit.fix(one, AWAY_LAT + 0.002) for one in each("19:50", "21:10")]
    running = Running(caseload_of([json.dumps(one) for one in records]))
    before = list(running.versions)
    feed = [json.dumps(line) for line in sorted(lines, key=_when)]
    (batch,) = batches_of(running.versions, feed, running.roster, WHOLE, None)
    running.take(batch)
    devices = ["T1"]
    heard = _heard(running.stored, running.roster.ids, ["T1", "U1"] if protected else devices, batch.event_data)
    taken = [Taken(0, -1, replace(one, learnt_us=EARLY_US)) for one in before]
    taken += [Taken(1, line, one) for line, one in sorted(batch.learnt.items())]
    newest = {one.id: one.version for one in running.said if one.current}
    kinds = {"curfew", "exclusion_zone", *(["proximity_alert"] if protected else [])}
    relied = [
        Relied(one.id, one.version) for one in running.said if one.kind in kinds and newest[one.id] == one.version
    ]
    return Gathered(
        case="7",
        version=1,
        reference="BW-7",
        wearer="W1",
        order="O1",
        made_us=us("Tue 12:00"),
        as_of_us=int(batch.instants[-1]),
        taken=taken,
        heard=heard,
        violations=[one for one in running.said if one.wearer == "W1"],
        relied=relied,
        chain=chained("asked", "made"),
    )


def _heard(facts: Any, ids: Sequence[str], devices: Sequence[str], data: dict[int, bytes]) -> Heard:
    index = np.array([devices.index(one) if one in devices else -1 for one in ids])
    kept = facts.copy()
    kept["device"] = index[facts["device"]]
    order = np.argsort(kept["line"], kind="stable")
    kept = kept[order]
    rows = np.ones(len(kept), np.int64)
    return Heard(kept, rows, kept["t_us"] + 500_000, kept["quality"].astype(np.int8), list(devices), data)


def chained(*texts: str) -> list[Chained]:
    found: list[Chained] = []
    before = FIRST_PREVIOUS
    for number, text in enumerate(texts, 41):
        said = Said(us("Tue 11:00"), b"salt", json.dumps({"deed": "packs.ask", "note": text}))
        digest = body_digest(said.salt, said.text)
        link = Link(number, said.at_us, number, digest, before, link_hash(number, said.at_us, digest, before))
        found.append(Chained(link, said))
        before = link.hash
    return found


def own_alone(whole: Gathered) -> Gathered:
    """Without what a protected person's unit said, as a pack is given it."""
    mine = np.flatnonzero(whole.heard.facts["device"] == 0)
    return replace(whole, heard=replace(whole.heard.at(mine), devices=["T1"]))


def parts_of(whole: Gathered, *, annex: bool = False) -> tuple[list[File], Any]:
    filled = fill(whole, CaseSaid("The court"), ZONES, annex=annex)
    files = files_of(whole, Told(filled.points, {"software": "1"}), annex=annex)
    body = manifest_of(whole, files, annex=annex).as_bytes()
    return [*files, File(MANIFEST, "application/json", body, len(files))], filled


@cache
def key() -> SigningKey:
    with tempfile.NamedTemporaryFile(suffix=".p12") as file:
        file.write(certified()[0])
        file.flush()
        return key_of_file(Path(file.name), None)


def document_of(files: Sequence[File], filled: Any) -> bytes:
    attached = [
        Attachment(one.name, one.what, one.media_type, digest_of(one.body), one.body, one.rows) for one in files
    ]
    return pdf_of(filled.with_files(attached))


def bare_of(files: Sequence[File]) -> bytes:
    """A document with the same files and no words: quick to make."""
    made, out = writer.PdfFileWriter(), io.BytesIO()
    made.insert_page(
        writer.PageObject(contents=made.add_object(generic.StreamObject(stream_data=b"")), media_box=(0, 0, 9, 9))
    )
    for one in files:
        held = embed.EmbeddedFileObject.from_file_data(made, data=one.body, mime_type=one.media_type)
        embed.embed_file(made, embed.FileSpec(one.name, file_name=one.name, embedded_data=held))
    made.write(out)
    return out.getvalue()


def signed(whole: Gathered, *, annex: bool = False) -> bytes:
    return sign(bare_of(parts_of(whole, annex=annex)[0]), key(), "a test")


@cache
def pack() -> bytes:
    """With its words."""
    return sign(document_of(*parts_of(gathered())), key(), "a test")

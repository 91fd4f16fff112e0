"""A pack holds, and none does of which a byte was changed: in the file, in a part, in the manifest, in the annex."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from domain.records import Condition, Victim
from evidence.attachments import NoPack, attachments_of
from evidence.files import FACTS, FEED, POINTS, UNUSED, File
from evidence.manifest import MANIFEST, digest_of, read_manifest
from evidence.replaying import CASELOAD, VIOLATIONS
from evidence.signing import UNSIGNED, check, sign
from evidence.verifying import verify
from tests.evidence.made_pack import ZONES, bare_of, document_of, gathered, key, own_alone, pack, parts_of, signed

pytestmark = pytest.mark.slow
SEED = 20_261_122
FLIPS = 45


def test_a_pack_that_nobody_changed_holds_and_decides_the_same_again() -> None:
    verdict = verify(pack(), ZONES, [key().certificate])
    assert verdict.holds, verdict.fault
    assert sorted(verdict.replayed) == sorted(one.id for one in gathered().relied) != []
    assert verdict.signed is not None
    assert verdict.signed.trusted
    assert len(verdict.held) == 5


def test_the_same_data_give_the_same_bytes() -> None:
    files, filled = parts_of(gathered())
    again, _ = parts_of(gathered())
    assert [one.body for one in files] == [one.body for one in again]
    assert document_of(files, filled) == document_of(again, filled)


def test_any_byte_that_is_changed_is_found() -> None:
    """A sample over the whole file, and a closer one over the signature, which no digest covers."""
    chance = random.Random(SEED)
    print("seed", SEED)
    small = sign(bare_of(parts_of(gathered())[0]), key(), "a test")
    start = small.rindex(b"<3082")
    near = [chance.randrange(start, start + 3_000) for _ in range(2 * FLIPS)] + [start, len(small) - 1]
    for document, places in ((pack(), [chance.randrange(len(pack())) for _ in range(FLIPS)]), (small, near)):
        for place in places:
            changed = bytearray(document)
            changed[place] ^= 1 << chance.randrange(8)
            assert check(bytes(changed)).fault is not None, f"byte {place}"


def test_what_was_changed_is_said() -> None:
    document = pack()
    place = len(document) // 2
    found = verify(document[:place] + bytes([document[place] ^ 1]) + document[place + 1 :], ZONES)
    assert found.fault is not None
    assert "was changed" in found.fault
    longer = verify(document + b"\n%%EOF\n", ZONES)
    assert longer.fault is not None
    with pytest.raises(NoPack, match="no PDF"):
        verify(b"hello", ZONES)


Change = Callable[[bytes], bytes]


def resealed(name: str, change: Change, *, told: bool) -> str | None:
    """What is said of a pack that somebody with a key of their own made of ours; ``told``: with the manifest put right."""
    files, _ = parts_of(gathered())
    bodies = {one.name: change(one.body) if one.name == name else one.body for one in files}
    if told:
        manifest = read_manifest(bodies[MANIFEST])
        parts = tuple(
            msgspec.structs.replace(one, bytes=len(bodies[one.name]), sha256=digest_of(bodies[one.name]))
            for one in manifest.parts
        )
        bodies[MANIFEST] = msgspec.structs.replace(manifest, parts=parts).as_bytes()
    again = [File(one.name, one.media_type, bodies[one.name], one.rows) for one in files]
    return verify(sign(bare_of(again), key(), "forged"), ZONES).fault


def last_line_less(body: bytes) -> bytes:
    return body[: body.rindex(b"\n", 0, -1) + 1]


def first_line_less(body: bytes) -> bytes:
    return body[body.index(b"\n") + 1 :]


@pytest.mark.parametrize("name", [CASELOAD, FEED, VIOLATIONS, FACTS, POINTS, UNUSED, "audit.ndjson", "versions.json"])
def test_a_part_that_was_changed_is_named(name: str) -> None:
    fault = resealed(name, lambda body: body.replace(b"1", b"2", 1), told=False)
    assert fault is not None
    assert fault.startswith(name)


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        (FEED, lambda body: body.replace(b'"lat":51.21', b'"lat":51.22', 1), "says of the fact T1"),
        (FACTS, lambda body: body.replace(b",51.21,", b",51.22,", 1), "says of the fact T1"),
        (UNUSED, last_line_less, "stands in neither"),
        (
            VIOLATIONS,
            lambda body: body.replace(b'"code":"AL10"', b'"code":"AL12"'),
            "the replay does not give violation",
        ),
        (
            CASELOAD,
            lambda body: body.replace(b'"grace_s":300', b'"grace_s":7200'),
            "the replay does not give violation",
        ),
        ("audit.ndjson", lambda body: body.replace(b"asked", b"aske1"), "the body of entry 41 was changed"),
        ("audit.ndjson", first_line_less, None),
    ],
)
def test_who_makes_a_manifest_anew_is_found_by_what_the_parts_say(name: str, change: Change, said: str | None) -> None:
    fault = resealed(name, change, told=True)
    assert (fault is None) if said is None else (fault is not None and said in fault), fault


@pytest.mark.parametrize(
    ("name", "body"),
    [
        (FEED, b'{"received":1}\n'),
        (FACTS, b"a\n1\n"),
        (UNUSED, b"\xff"),
        (VIOLATIONS, b"[" * 5_000),
        ("audit.ndjson", b"{}\n"),
    ],
)
def test_whatever_somebody_else_wrote_into_a_part_is_a_fault_and_no_accident(name: str, body: bytes) -> None:
    fault = resealed(name, lambda _: body, told=True)
    assert fault is not None
    assert "not written as this program writes it" in fault


def test_nothing_of_a_protected_person_is_in_a_pack_and_the_annex_decides_the_rest() -> None:
    whole = gathered(protected=True)
    pack_of_one, annex = signed(own_alone(whole)), signed(whole, annex=True)
    parts = attachments_of(pack_of_one)
    for name, body in parts.items():
        assert not any(word in body for word in (b"V1", b"U1", b"Vera", b"51.212")), name
    kept = [json.loads(line) for line in parts[CASELOAD].splitlines()]
    assert {one["type"] for one in kept} == {"wearer", "order", "device", "fitting", "condition"}
    assert {one["id"] for one in kept if one["type"] == "condition"} == {"C1"}, (
        "the zone of an order that protects may be an address"
    )
    alone = verify(pack_of_one, ZONES)
    assert alone.holds, alone.fault
    sealed = set(alone.annex_needed)
    assert len(sealed) == 2
    both = verify(pack_of_one, ZONES, annex=annex)
    assert both.holds, both.fault
    assert set(both.replayed) == {one.id for one in whole.relied} > sealed
    other = verify(pack_of_one, ZONES, annex=pack())
    assert other.fault == "the annex is not that of this pack"
    assert any(isinstance(one.version.record, Victim) for one in whole.taken)
    assert any(isinstance(one.version.record, Condition) for one in whole.taken)


def test_the_annex_of_a_draft_is_looked_at_though_neither_is_signed_and_that_of_a_signed_pack_must_be() -> None:
    whole = gathered(protected=True)
    draft, annex = (
        bare_of(parts_of(one, annex=of_annex)[0]) for one, of_annex in ((own_alone(whole), False), (whole, True))
    )
    looked = verify(draft, ZONES, annex=annex)
    assert looked.fault == UNSIGNED
    assert set(looked.replayed) == {one.id for one in whole.relied}, "the annex was read"
    assert verify(signed(own_alone(whole)), ZONES, annex=annex).fault == f"the annex: {UNSIGNED}"


def test_a_pack_without_facts_that_it_needs_claims_no_replay() -> None:
    whole = gathered()
    less = replace(whole, heard=whole.heard.at(np.arange(60)), facts_gone=True)
    verdict = verify(signed(less), ZONES)
    assert verdict.holds
    assert verdict.replayed == ()
    assert "no longer kept" in verdict.notes[-1]
    fault = verify(signed(replace(less, facts_gone=False)), ZONES).fault
    assert fault is not None
    assert fault.startswith("the replay does not give violation")

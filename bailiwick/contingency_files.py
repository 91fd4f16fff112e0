"""Contingency lists as files: a folder each, that its owner alone may read, with a page to print, the JSON, and both signed.

A list is there whole or not at all, whatever ends the process. Old ones go: what stands on them is personal, and stale.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import html
import json
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature

from bailiwick.audit_keys import AnchorKey, PublicKeys
from domain.errors import BadSetting

PAGE: Final = "list.html"
LIST: Final = "list.json"
SIGNED: Final = "signed.json"
NAMED: Final = "contingency-"
MAKING: Final = ".making-"
KEPT: Final = 8
"""Lists that stay: two hours of them."""
FOLDER_MODE: Final = 0o700
FILE_MODE: Final = 0o600
ABOUT: Final = b"bailiwick contingency list\n"
"""So that a signature of something else is none of a list."""


def write_list(folder: Path, told: dict[str, Any], key: AnchorKey | None) -> Path:
    """Writes one into a folder of its own, and drops those that are old. Raises `BadSetting` when it cannot be written."""
    name = NAMED + str(told["made"]).replace(":", "").replace("-", "").partition(".")[0].rstrip("Z") + "Z"
    making = folder / f"{MAKING}{name}-{os.getpid()}"
    try:
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(mode=FOLDER_MODE)
        bodies = {LIST: json.dumps(told, indent=1, ensure_ascii=False) + "\n"}
        bodies[PAGE] = page_of(told)
        digests = {file: hashlib.sha256(body.encode()).hexdigest() for file, body in bodies.items()}
        bodies[SIGNED] = json.dumps(_signed({"made": told["made"], "sha256": digests}, key), indent=1) + "\n"
        for file, body in bodies.items():
            _write(making / file, body)
        made = folder / name
        if made.exists():  # of the same second: the newer one stays
            shutil.rmtree(made)
        making.rename(made)
    except OSError as error:
        raise BadSetting(f"the contingency list cannot be written to {folder}: {error.strerror}") from None
    prune(folder)
    return made


def prune(folder: Path, kept: int = KEPT) -> None:
    """Drops all but the newest lists, and what a process that was ended left half made."""
    there = sorted(path for path in folder.glob(f"{NAMED}*") if path.is_dir())
    for path in (*there[:-kept], *folder.glob(f"{MAKING}*")):
        shutil.rmtree(path, ignore_errors=True)


def fault_of(folder: Path, keys: PublicKeys) -> str | None:
    """Why a list does not hold, in words; None when it is as it was written and signed."""
    try:
        told = json.loads((folder / SIGNED).read_text(encoding="utf-8"))
        wanted, signature = told["sha256"], base64.b64decode(told["signature"] or "", validate=True)
        key_id = told["key"]
        signed = _text({"made": told["made"], "sha256": wanted})
    except (OSError, ValueError, KeyError, TypeError, binascii.Error):
        return f"{folder / SIGNED} is not there, or is no signature of a list"
    for file in (LIST, PAGE):
        try:
            found = hashlib.sha256((folder / file).read_bytes()).hexdigest()
        except OSError:
            return f"{file} cannot be read"
        if found != wanted.get(file):
            return f"{file} was changed after it was written"
    if key_id is None:
        return "the list was not signed: BAILIWICK_AUDIT_KEY was not set"
    public = keys.get(key_id)
    if public is None:
        return f"the list is signed with key {key_id}, which was not given"
    try:
        public.verify(signature, signed)
    except InvalidSignature:
        return "the signature does not hold: the list was changed, or signed with another key"
    return None


def _signed(told: dict[str, Any], key: AnchorKey | None) -> dict[str, Any]:
    signature = None if key is None else base64.b64encode(key.sign_bytes(_text(told))).decode()
    return told | {"key": None if key is None else key.id, "signature": signature}


def _text(told: dict[str, Any]) -> bytes:
    return ABOUT + json.dumps(told, sort_keys=True, separators=(",", ":")).encode()


def _write(path: Path, body: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE), "w", encoding="utf-8") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())


# ---- the page ----

STYLE: Final = (
    "body{font:11pt/1.35 system-ui,sans-serif;margin:1.5cm;color:#0b0c0c}h1{font-size:17pt;margin:0}h2{font-size:13pt}"
    "table{border-collapse:collapse;width:100%}th,td{border-bottom:1px solid #b1b4b6;padding:3pt 6pt;text-align:left;"
    "vertical-align:top}thead{display:table-header-group}tr{break-inside:avoid}.big{font-size:13pt;font-weight:700}"
    ".mind{font-weight:700}@page{size:A4 landscape;margin:1cm}"
)


def page_of(told: dict[str, Any]) -> str:
    """The list to print; it needs nothing from anywhere."""
    made = html.escape(str(told["made"]))
    duty = "".join(
        _row(_words(one["role"]), one["area"], one["name"], one["phone"], one["email"]) for one in told["duty"]
    )
    people = "".join(_person(one) for one in told["wearers"])
    counts = (
        f"{told['listed']} of {told['wearers_in_force']} wearers with an order in force are listed: those with an open alert, "
        "and those whose conditions ask for contact now."
    )
    return (
        '<!doctype html><html lang="en-GB"><head><meta charset="utf-8"><title>Contingency list</title>'
        f"<style>{STYLE}</style></head><body><h1>Contingency list</h1>"
        f'<p class="big">As of {made} (UTC){_centre(told)}</p><p>{counts} Personal data: keep it, and destroy it, as such.</p>'
        f"{_not_taken(told)}<h2>On duty</h2><table><thead>{_row('Role', 'Area', 'Name', 'Phone', 'E-mail', tag='th')}</thead>"
        f"<tbody>{duty or _row('Nobody, by the rota')}</tbody></table>"
        "<h2>Who must be watched now, the most urgent first</h2><table><thead>"
        f"{_row('', 'Who', 'Why', 'Ring', 'Mind', 'Officer', tag='th')}</thead><tbody>{people}</tbody></table></body></html>\n"
    )


def _not_taken(told: dict[str, Any]) -> str:
    """Whom nobody watches yet, as a section; nothing where there is nobody."""
    waiting = told["not_taken"]["wearers"]
    if not waiting:
        return ""
    rows = "".join(
        _row(f"{one['name'] or ''} ({one['id']})", ", ".join(one["phones"] or []), _list(one["entered"]), one["since"])
        for one in waiting
    )
    head = _row("Who", "Ring", "Entered", "Since (UTC)", tag="th")
    return f"<h2>{_unwatched(told)}</h2><table><thead>{head}</thead><tbody>{rows}</tbody></table>"


def _unwatched(told: dict[str, Any]) -> str:
    of, shown = told["not_taken"]["of"], len(told["not_taken"]["wearers"])
    first = "" if of == shown else f"; the {shown} that wait longest are named"
    return f"Entered, and not watched yet, since ingest has not taken it: {of} wearer{'' if of == 1 else 's'}{first}"


def _centre(told: dict[str, Any]) -> str:
    phone = told.get("centre_phone")
    return f" · The monitoring centre: {html.escape(phone)}" if phone else ""


def _person(one: dict[str, Any]) -> str:
    alerts = one["alerts"]
    open_ones = "" if alerts is None else f"; {alerts['open']} open, worst {alerts['worst']}: {_list(alerts['kinds'])}"
    adult = one["responsible_adult"]
    ring = [*(one["phones"] or []), *([f"adult: {_adult(adult)}"] if adult else [])]
    officers = [_officer(order["officer"]) for order in one["orders"] if order["officer"]]
    return _row(
        str(one["place"]),
        f"{one['name'] or ''} ({one['id']}), {one['level'] or 'standard'}",
        f"{one['why']}{open_ones}",
        ", ".join(ring),
        "; ".join([*(one["staff_safety"] or []), *(one["needs"] or [])]),
        ", ".join(dict.fromkeys(officers)),
    )


def _adult(adult: Any) -> str:
    return ", ".join(str(value) for value in adult.values() if value) if isinstance(adult, dict) else str(adult)


def _officer(officer: Any) -> str:
    if not isinstance(officer, dict):
        return str(officer)
    return " ".join(str(value) for value in (officer.get("name"), officer.get("email")) if value)


def _list(words: Sequence[str]) -> str:
    return ", ".join(_words(word) for word in words)


def _words(word: str) -> str:
    return word.replace("_", " ")


def _row(*cells: str | None, tag: str = "td") -> str:
    return "<tr>" + "".join(f"<{tag}>{html.escape(cell or '')}</{tag}>" for cell in cells) + "</tr>"


def text_of(told: dict[str, Any]) -> str:
    """The list for a terminal: a line a wearer."""
    return "\n".join(_lines(told))


def _to_the_second(instant: str) -> str:
    """``2026-11-21 22:30:00 UTC``."""
    return f"{instant[:19].replace('T', ' ')} UTC"


def _lines(told: dict[str, Any]) -> Iterable[str]:
    yield f"as of {_to_the_second(told['made'])}: {told['listed']} of {told['wearers_in_force']} wearers with an order in force"
    if told.get("centre_phone"):
        yield f"the monitoring centre: {told['centre_phone']}"
    for shift in told["duty"]:
        yield f"on duty: {_words(shift['role'])} {shift['name']} {shift['phone'] or ''}".rstrip()
    if told["not_taken"]["wearers"]:
        yield _unwatched(told).lower()
    for one in told["not_taken"]["wearers"]:
        phones = ", ".join(one["phones"] or []) or "no number"
        yield f"       {one['id']}  {one['name'] or ''}  {phones}  {_list(one['entered'])}, since {_to_the_second(one['since'])}"
    for one in told["wearers"]:
        alerts = one["alerts"]
        open_ones = "" if alerts is None else f" [{alerts['open']} open, worst {alerts['worst']}]"
        phones = ", ".join(one["phones"] or []) or "no number"
        yield f"{one['place']:>5}  {one['id']}  {one['name'] or ''}  {phones}  {one['why']}{open_ones}"

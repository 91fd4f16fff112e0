"""The HTTP gateway of an SMS provider: method, address, headers and body are settings, filled in for each message. Pure.

The templates name ``{to}``, ``{text}``, ``{id}``; every other brace is itself, so that JSON can be written as it is. What is put
in is escaped for where it stands. A template with a field that nobody fills, or that would not be what its Content-Type says,
stops the start.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self
from urllib.parse import parse_qsl, quote, quote_plus, urlsplit
from xml.etree import ElementTree as Xml

FIELDS: Final = ("to", "text", "id")
METHODS: Final = ("POST", "PUT", "GET")
_FIELD = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}")
_TRIAL: Final = {"to": "+440000000000", "text": "\"\\ {to} & <x> ' \n ŵ €", "id": "1:2"}
"""Values with everything that a template could stumble over."""


class _Form(StrEnum):
    """What a body is, by its Content-Type."""

    JSON = "json"
    FORM = "form"
    XML = "xml"
    NONE = "none"


_ESCAPES: Final[dict[_Form, Callable[[str], str]]] = {
    _Form.JSON: lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
    _Form.FORM: quote_plus,
    _Form.XML: html.escape,
}


@dataclass(frozen=True, slots=True)
class Gateway:
    """A provider's HTTP interface; made by `read`."""

    url: str
    method: str
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)
    form: _Form = _Form.NONE

    @classmethod
    def read(
        cls, url: str, method: str, body: str, headers: Mapping[str, str] | None = None, token: str | None = None
    ) -> Self:
        """Raises ValueError that names the setting, the unknown field or what else is wrong, and repeats no secret."""
        sent = {name.lower(): value for name, value in (headers or {}).items()}
        for name, value in sent.items():
            if not _HEADER.fullmatch(name) or not value.isascii() or not value.isprintable():
                raise ValueError(f"SMS_HEADERS: {name!r} is not a header of plain ASCII")
        if token is not None:
            if "authorization" in sent or not token.isascii() or not token.isprintable() or " " in token:
                raise ValueError("SMS_TOKEN: must be one word, and no Authorization beside it in SMS_HEADERS")
            sent["authorization"] = f"Bearer {token}"
        if method not in METHODS:
            raise ValueError(f"SMS_METHOD: must be one of {', '.join(METHODS)}")
        _check_fields("SMS_URL", url)
        _check_fields("SMS_BODY", body)
        _check_url(url)
        form = _form(method, body, sent)
        made = cls(url, method, body, sent, form)
        if not {"to", "text"} <= set(_FIELD.findall(url + body)):
            raise ValueError("SMS_BODY: must have {to} and {text}, or SMS_URL must")
        _check_body(made.content(_TRIAL), form)
        return made

    def content(self, values: Mapping[str, str]) -> bytes:
        """The body for one message."""
        if self.form is _Form.NONE:
            return b""
        return _filled(self.body, values, _ESCAPES[self.form]).encode()

    def address(self, values: Mapping[str, str]) -> str:
        """The address for one message."""
        return _filled(self.url, values, lambda value: quote(value, safe=""))


def _filled(template: str, values: Mapping[str, str], escape: Callable[[str], str]) -> str:
    return _FIELD.sub(lambda found: escape(values[found[1]]), template)


def _check_fields(setting: str, template: str) -> None:
    for name in _FIELD.findall(template):
        if name not in FIELDS:
            known = ", ".join(f"{{{one}}}" for one in FIELDS)
            raise ValueError(f"{setting}: unknown field {{{name}}}; the fields are {known}")


def _check_url(url: str) -> None:
    if not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError("SMS_URL: must be plain ASCII without spaces")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or parts.fragment:
        raise ValueError("SMS_URL: must be https://host/path, with the token in SMS_TOKEN")
    if "{" in parts.netloc:
        raise ValueError("SMS_URL: fields stand in the path or after ?, not in the host")
    try:
        possible = parts.port is None or parts.port > 0
    except ValueError:
        possible = False
    if not possible:
        raise ValueError("SMS_URL: the port must be 1 to 65535")


def _form(method: str, body: str, headers: dict[str, str]) -> _Form:
    if method == "GET":
        if body:
            raise ValueError("SMS_BODY: a GET has none; put {to} and {text} into SMS_URL")
        return _Form.NONE
    given = headers.setdefault("content-type", "application/json" if body[:1] in ("{", "[") else _FORM_TYPE)
    kind = given.partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        return _Form.JSON
    if kind == _FORM_TYPE:
        return _Form.FORM
    if kind in ("application/xml", "text/xml") or kind.endswith("+xml"):
        return _Form.XML
    raise ValueError("SMS_HEADERS: the Content-Type must be JSON, XML or a form")


_FORM_TYPE: Final = "application/x-www-form-urlencoded"


def _check_body(tried: bytes, form: _Form) -> None:
    """A body filled with nasty values must still be what its Content-Type says."""
    try:
        if form is _Form.JSON:
            json.loads(tried)
        elif form is _Form.XML:
            Xml.fromstring(tried)  # nosec B314 # noqa: S314 (the centre's own setting, filled with a value of ours)
        elif form is _Form.FORM:
            parse_qsl(tried.decode(), strict_parsing=True)
    except (ValueError, Xml.ParseError):
        raise ValueError(f"SMS_BODY: filled in it is not {form.value}; mind quotes around the fields") from None

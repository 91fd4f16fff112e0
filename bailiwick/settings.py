"""Settings: environment variables ``BAILIWICK_*``, a ``.env`` file, or files in a secrets folder (docs/settings.md).

An unknown or impossible setting stops the start with one line (`BadSetting`). Secrets are hidden in everything printed.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

from dotenv.parser import parse_stream
from pydantic import Field, FilePath, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsConfigDict, SettingsError

from api.addresses import require_guarded
from api.basemap import hidden, require_basemap
from bailiwick.channel_settings import ChannelSettings, listed
from bailiwick.keeping_settings import KeepingSettings, SigningSettings
from bailiwick.sign_in_settings import SignInSettings
from domain.adapted import ADAPTERS
from domain.errors import BadSetting
from store.connecting import require_database_url

PREFIX = "BAILIWICK_"
SECRETS_FOLDER = f"{PREFIX}SECRETS_FOLDER"
"""Names the folder with one file a setting, called as the variable, in any case."""
DEFAULT_SECRETS_FOLDER = Path("/run/secrets")
DOTENV = Path(".env")
OF_THE_TESTS = f"{PREFIX}TEST_"
"""Variables that start like this are for the tests alone."""

_PASSWORD = re.compile(r"(?P<user>://[^:@/?#\s]*):[^/?#\s]*@")
_PASSWORD_KEY = re.compile(r"(?<=password=)[^&\s]*")


class Settings(SigningSettings, KeepingSettings, SignInSettings, ChannelSettings):
    """The effective settings; made by `load_settings`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True, hide_input_in_errors=True)

    database_url: str | None = Field(default=None, description="The database: `postgresql://user:password@host/name`.")
    mqtt_url: str | None = Field(
        default=None, description="The broker: `mqtt://` or `mqtts://`, with user and password where it asks for them."
    )
    mqtt_ca: FilePath | None = Field(
        default=None, description="File with the certificate authority of an `mqtts://` broker; default: the system's."
    )
    mqtt_certificate: FilePath | None = Field(default=None, description="File with the client certificate.")
    mqtt_key: FilePath | None = Field(default=None, description="File with the key of the client certificate.")
    adapters: str = Field(
        default="",
        description="Other formats that ingest takes, with spaces between: `owntracks` (docs/adapters.md); default: none.",
    )
    api_host: str = Field(
        default="127.0.0.1",
        description="Address that the API listens on. Another than loopback needs a `PUBLIC_URL` that starts with `https://`.",
    )
    api_port: int = Field(default=8080, ge=1, le=65535, description="Port that the API listens on.")
    public_url: str | None = Field(
        default=None, description="Where people reach the console; default: made of `API_HOST` and `API_PORT`."
    )
    centre_phone: str | None = Field(
        default=None,
        min_length=3,
        max_length=30,
        pattern=r"^\+?[0-9][0-9 ()-]*$",
        description="The monitoring centre's number, as it is dialled: on the wearer's sheet, the contingency list, the patrol page, and where the "
        "console cannot go on. None: they leave a blank, or say to ring the centre.",
    )
    basemap: str | None = Field(
        default=None,
        description="What lies under the map besides the built-in outline: a `.pmtiles` file, a `.geojson` file of streets, or a tile "
        "server's address with `{z}`, `{x}` and `{y}`, which `api` alone asks, so that a key in it stays here.",
    )
    duties: Path | None = Field(
        default=None,
        description="File with by when protected people must be told; default: an example that ships (docs/victim-contact.md).",
    )
    qualifying: FilePath | None = Field(
        default=None, description="File of how days on bail count (docs/sheets.md); default: an example that ships."
    )
    measures: FilePath | None = Field(
        default=None,
        description="File of what enforcement is measured by (docs/measures.md); default: an example that ships.",
    )
    exports_folder: Path | None = Field(
        default=None,
        description="Folder for exports: `exporter` writes it, `api` reads it. None: none can be asked for.",
    )
    routes: FilePath | None = Field(
        default=None,
        description="File of breach routes, their limits and the officers' digest; default: the one that ships.",
    )

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, value: str | None) -> str | None:
        return value if value is None else require_database_url(value)

    @field_validator("mqtt_url")
    @classmethod
    def _is_mqtt(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("mqtt", "mqtts"):
            raise ValueError("must start with mqtt:// or mqtts://")
        if not parts.hostname:
            raise ValueError("names no host")
        if parts.port is not None and not 1 <= parts.port <= 65535:
            raise ValueError("the port must be 1 to 65535")
        return value

    @field_validator("adapters")
    @classmethod
    def _are_adapters(cls, value: str) -> str:
        for name in listed(value):
            if name not in ADAPTERS:
                raise ValueError(f"{name!r} is not one of {', '.join(ADAPTERS)}")
        return value

    @field_validator("api_host")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if value != "localhost":
            ipaddress.ip_address(value)
        return value

    @field_validator("basemap")
    @classmethod
    def _is_basemap(cls, value: str | None) -> str | None:
        if value:
            try:
                require_basemap(value)
            except BadSetting as error:
                raise ValueError(str(error)) from None
        return value or None

    @field_validator("public_url")
    @classmethod
    def _is_http(cls, value: str | None) -> str | None:
        if value is not None and (urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).hostname):
            raise ValueError("must be an http:// or https:// address")
        return value

    @model_validator(mode="after")
    def _certificate_fits(self) -> Self:
        if (self.mqtt_certificate is None) != (self.mqtt_key is None):
            raise ValueError("MQTT_CERTIFICATE and MQTT_KEY go together")
        tls = self.mqtt_ca or self.mqtt_certificate
        if tls and not (self.mqtt_url or "").startswith("mqtts://"):
            raise ValueError("MQTT_CA and MQTT_CERTIFICATE need an MQTT_URL that starts with mqtts://")
        return self

    @model_validator(mode="after")
    def _one_key_signs(self) -> Self:
        token = (self.signing_module, self.signing_token, self.signing_label)
        if any(token) and not all(token):
            raise ValueError("SIGNING_MODULE, SIGNING_TOKEN and SIGNING_LABEL go together")
        if self.signing_key is not None and any(token):
            raise ValueError("SIGNING_KEY is a file and SIGNING_MODULE a token: set one")
        return self

    @model_validator(mode="after")
    def _nobody_listens_in(self) -> Self:
        try:
            require_guarded(self.api_host, self.public_url)
        except BadSetting as error:
            raise ValueError(str(error)) from None
        return self

    @model_validator(mode="after")
    def _links_lead_somewhere(self) -> Self:
        if self.tells_outside() and self.public_url is None:
            raise ValueError("PUBLIC_URL must be set: what people are told links to it")
        return self

    def database(self) -> str:
        """Raises `BadSetting` when it is not set."""
        if self.database_url is None:
            raise BadSetting(f"{PREFIX}DATABASE_URL is not set (`bailiwick demo` needs no settings)")
        return self.database_url

    def broker(self) -> str:
        """Raises `BadSetting` when it is not set."""
        if self.mqtt_url is None:
            raise BadSetting(f"{PREFIX}MQTT_URL is not set (`bailiwick demo` needs no settings)")
        return self.mqtt_url

    def adapter_names(self) -> tuple[str, ...]:
        """The adapters that are on, each once."""
        return tuple(dict.fromkeys(listed(self.adapters)))

    def mqtt_files(self) -> dict[str, str]:
        """The broker's certificate authority, our certificate and its key: those that are set, by these names."""
        files = {"ca": self.mqtt_ca, "certificate": self.mqtt_certificate, "key": self.mqtt_key}
        return {name: str(path) for name, path in files.items() if path}

    def exports(self) -> Path:
        """Raises `BadSetting` when it is not set."""
        if self.exports_folder is None:
            raise BadSetting(f"{PREFIX}EXPORTS_FOLDER is not set: it names the folder that exports are written to")
        return self.exports_folder

    def console(self) -> str:
        """Where people reach the console."""
        host = f"[{self.api_host}]" if ":" in self.api_host else self.api_host
        return self.public_url or f"http://{host}:{self.api_port}"

    def shown(self) -> dict[str, str | None]:
        """Every setting by its variable's name, as it may be printed."""
        return {
            variable(name): None
            if (value := getattr(self, name)) is None
            else HIDDEN.get(name, hide_secrets)(str(value))
            for name in type(self).model_fields
        }

    def __repr__(self) -> str:
        return f"Settings({self.shown()})"

    __str__ = __repr__


def variable(field: str) -> str:
    """The environment variable of a field."""
    return PREFIX + field.upper()


def hide_secrets(text: str) -> str:
    """A URL without its password."""
    return _PASSWORD_KEY.sub("***", _PASSWORD.sub(r"\g<user>:***@", text))


HIDDEN: Final[dict[str, Callable[[str], str]]] = {
    "basemap": hidden,
    "signing_passphrase": lambda _: "***",
    "signing_pin": lambda _: "***",
}
"""How a setting is printed whose secret may be anywhere in it."""
OUR_WORDS: Final = {
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "bool_parsing": "must be true or false",
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "path_not_file": "there is no such file",
    "path_not_directory": "there is no such folder",
}
"""By pydantic's names of what may be wrong."""


def load_settings() -> Settings:
    """From the environment, else ``.env``, else the secrets folder. Raises `BadSetting` with one line."""
    secrets = Path(os.environ.get(SECRETS_FOLDER, DEFAULT_SECRETS_FOLDER))
    known = {variable(name) for name in Settings.model_fields}
    for name, place in _given_names(secrets):
        if name not in known:
            raise BadSetting(f"unknown setting {name} in {place}{_nearest(name, known)}; docs/settings.md lists them")
    if not secrets.is_dir() and SECRETS_FOLDER in os.environ:
        raise BadSetting(f"{SECRETS_FOLDER}: {secrets} is not a folder")
    try:
        places: dict[str, Any] = {"_env_file": DOTENV, "_secrets_dir": secrets if secrets.is_dir() else None}
        return Settings(**places)
    except SettingsError as error:
        raise BadSetting(f"a file in {secrets} cannot be read: {error.__cause__}") from None
    except ValidationError as error:
        told = [_one_line(fault["loc"], _in_our_words(fault)) for fault in error.errors()]
        raise BadSetting("; ".join(told)) from None


def _given_names(secrets: Path) -> Iterator[tuple[str, str]]:
    """Each name that starts like ours, and where it was given."""
    own = {SECRETS_FOLDER}
    for name in os.environ:
        if name.upper().startswith(PREFIX) and name.upper() not in own and not name.upper().startswith(OF_THE_TESTS):
            yield name.upper(), "the environment"
    if DOTENV.is_file():
        for name in _of_dotenv():
            if name.upper().startswith(PREFIX):
                yield name.upper(), str(DOTENV)
    if secrets.is_dir():
        for path in secrets.iterdir():
            if path.name.upper().startswith(PREFIX):
                yield path.name.upper(), str(secrets)


def _of_dotenv() -> list[str]:
    """The names in the file. Raises `BadSetting` for a line that gives none a value: it would be passed over in silence."""
    try:
        with DOTENV.open(encoding="utf-8") as file:
            given = [(one.original.line, one.error, one.key, one.value) for one in parse_stream(file)]
    except UnicodeDecodeError as error:
        raise BadSetting(f"{DOTENV} is not UTF-8: save it as UTF-8 (byte {error.start + 1})") from None
    for line, broken, name, value in given:
        if broken or (name is not None and name.upper().startswith(PREFIX) and value is None):
            raise BadSetting(f"{DOTENV}, line {line}: must be NAME=value, a comment (#) or empty")
    return [name for _, _, name, _ in given if name is not None]


def _nearest(name: str, known: set[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _in_our_words(fault: ErrorDetails) -> str:
    """What is wrong with a value, as for somebody who knows no Python."""
    words = OUR_WORDS.get(fault["type"])
    return fault["msg"] if words is None else words.format(**fault.get("ctx", {}))


def _one_line(place: tuple[int | str, ...], message: str) -> str:
    text = message.removeprefix("Value error, ")
    return f"{variable(str(place[0]))}: {text}" if place else PREFIX + text

"""Settings: where they come from, and what stops the start."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bailiwick.settings import PREFIX, Settings, hide_secrets, load_settings, variable
from domain.errors import BadSetting

DOCS = Path(__file__).parents[2] / "docs" / "settings.md"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BAILIWICK_SECRETS_FOLDER", str(tmp_path))


def given(monkeypatch: pytest.MonkeyPatch, **settings: str) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(PREFIX + name, value)


def refusal() -> str:
    with pytest.raises(BadSetting) as caught:
        load_settings()
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_nothing_given_is_good() -> None:
    settings = load_settings()
    assert settings.console() == "http://127.0.0.1:8080"
    with pytest.raises(BadSetting, match="BAILIWICK_DATABASE_URL is not set"):
        settings.database()
    with pytest.raises(BadSetting, match="BAILIWICK_MQTT_URL is not set"):
        settings.broker()


def test_environment_before_dotenv_before_secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bailiwick_api_port").write_text("1001\n")
    assert load_settings().api_port == 1001
    (tmp_path / ".env").write_text("BAILIWICK_API_PORT=1002\nSOMETHING_ELSE=1\n")
    assert load_settings().api_port == 1002
    given(monkeypatch, API_PORT="1003")
    assert load_settings().api_port == 1003


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("DATABSE_URL", "x", "unknown setting BAILIWICK_DATABSE_URL.*did you mean BAILIWICK_DATABASE_URL"),
        ("DATABASE_URL", "mysql://x", "BAILIWICK_DATABASE_URL: must start with postgresql://"),
        ("DATABASE_URL", "postgresql:///x?foo=bar", 'BAILIWICK_DATABASE_URL: invalid URI query parameter: "foo"'),
        ("DATABASE_URL", "postgresql://u:a%zz@h/x", "BAILIWICK_DATABASE_URL: is no PostgreSQL URL; in a password"),
        ("RETENTION_DATABASE_URL", "postgresql:///x?foo=bar", "BAILIWICK_RETENTION_DATABASE_URL: invalid URI"),
        ("RETENTION_DATABASE_URL", "mysql://x", "BAILIWICK_RETENTION_DATABASE_URL: must start with postgresql://"),
        ("RETENTION_POSITIONS_DAYS", "3000000", "BAILIWICK_RETENTION_POSITIONS_DAYS: .*36500"),
        ("RETENTION_EVENTS_DAYS", "36501", "BAILIWICK_RETENTION_EVENTS_DAYS: .*36500"),
        ("RETENTION_CONTACTS_DAYS", "36501", "BAILIWICK_RETENTION_CONTACTS_DAYS: .*36500"),
        ("RETENTION_DEAD_LETTERS_DAYS", "36501", "BAILIWICK_RETENTION_DEAD_LETTERS_DAYS: .*36500"),
        ("RETENTION_AUDIT_DAYS", "36501", "BAILIWICK_RETENTION_AUDIT_DAYS: .*36500"),
        ("RETENTION_CASES_DAYS", "36501", "BAILIWICK_RETENTION_CASES_DAYS: .*36500"),
        ("MQTT_URL", "http://x", "BAILIWICK_MQTT_URL: must start with mqtt:// or mqtts://"),
        ("MQTT_URL", "mqtt:///", "BAILIWICK_MQTT_URL: names no host"),
        ("MQTT_URL", "mqtt://x:99999", "BAILIWICK_MQTT_URL: .*[Pp]ort"),
        ("MQTT_CA", "/no/such/file", "BAILIWICK_MQTT_CA: there is no such file"),
        ("ADAPTERS", "owntracks traccar", "BAILIWICK_ADAPTERS: 'traccar' is not one of owntracks"),
        ("API_HOST", "0.0.0.0", "API_HOST 0.0.0.0: others are let in only with a PUBLIC_URL that starts with https://"),
        ("API_PROXIES", "127.0.0.1 proxy", "BAILIWICK_API_PROXIES: .*proxy"),
        ("OIDC_ISSUER", "http://idp.example", "BAILIWICK_OIDC_ISSUER: must be an https:// address"),
        ("OIDC_ISSUER", "https://idp.example", "OIDC_ISSUER and OIDC_CLIENT_ID go together"),
        ("OIDC_CLIENT_SECRET", "geheim", "OIDC_CLIENT_SECRET needs OIDC_ISSUER and OIDC_CLIENT_ID"),
        ("OIDC_SCOPES", "email", "BAILIWICK_OIDC_SCOPES: `openid` must be among them"),
        ("API_HOST", "nonsense", "BAILIWICK_API_HOST: .*nonsense"),
        ("API_PORT", "0", "BAILIWICK_API_PORT: must be at least 1$"),
        ("API_PORT", "70000", "BAILIWICK_API_PORT: must be at most 65535$"),
        ("API_PORT", "high", "BAILIWICK_API_PORT: must be a whole number$"),
        ("PUBLIC_URL", "ftp://x", "BAILIWICK_PUBLIC_URL: must be an http:// or https:// address"),
        ("SECRETS_FOLDER", "/no/such/folder", "is not a folder"),
    ],
)
def test_each_impossible_setting_is_one_line(monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str) -> None:
    given(monkeypatch, **{name: value})
    with pytest.raises(BadSetting, match=says):
        load_settings()
    assert refusal()


def test_unknown_settings_are_refused_wherever_they_stand(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("BAILIWICK_API_PROT=1\n")
    assert "in .env" in refusal()
    (tmp_path / ".env").unlink()
    (tmp_path / "bailiwick_mqtt_ulr").write_text("x")
    assert "BAILIWICK_MQTT_ULR" in refusal()


@pytest.mark.parametrize("line", ["BAILIWICK_API_PORT 9999", "BAILIWICK_API_PORT", "BAILIWICK_API_HOST='127.0.0.1"])
def test_a_line_that_gives_nothing_a_value_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / ".env").write_text(f"# the console\nOTHER=1\n{line}\n")
    assert refusal() == ".env, line 3: must be NAME=value, a comment (#) or empty"


def test_settings_that_are_not_utf_8_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "bailiwick_centre_phone").write_bytes(b"\xff\xfe")
    assert "cannot be read: 'utf-8' codec" in refusal()
    (tmp_path / ".env").write_bytes("BAILIWICK_CENTRE_PHONE=0632\n".encode("utf-16"))
    assert refusal().startswith(".env is not UTF-8: save it as UTF-8")


@pytest.mark.parametrize(
    ("value", "names"), [("", ()), ("owntracks", ("owntracks",)), (" owntracks,owntracks ", ("owntracks",))]
)
def test_adapters_are_named_once_each(monkeypatch: pytest.MonkeyPatch, value: str, names: tuple[str, ...]) -> None:
    given(monkeypatch, ADAPTERS=value)
    assert load_settings().adapter_names() == names


def test_a_certificate_needs_its_key_and_mqtts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file.pem").write_text("")
    given(monkeypatch, MQTT_URL="mqtts://broker", MQTT_CERTIFICATE=str(tmp_path / "file.pem"))
    assert "MQTT_CERTIFICATE and MQTT_KEY go together" in refusal()
    given(monkeypatch, MQTT_URL="mqtt://broker", MQTT_KEY=str(tmp_path / "file.pem"))
    assert "mqtts://" in refusal()


def test_secrets_are_hidden_in_everything_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, DATABASE_URL="postgresql://u:geheim@h/d", MQTT_URL="mqtt://u:geheim@h")
    settings = load_settings()
    assert "geheim" in settings.database()
    assert "geheim" not in f"{settings!r}{settings}{settings.shown()}"
    assert settings.shown()["BAILIWICK_DATABASE_URL"] == "postgresql://u:***@h/d"
    assert hide_secrets("postgresql://h/d?password=geheim&x=1") == "postgresql://h/d?password=***&x=1"
    for bad in ("mysql://u:geheim@h/d", "postgresql://u:geheim%zz@h/d", "postgresql://u:geheim@[::1/d"):
        given(monkeypatch, DATABASE_URL=bad)
        assert "geheim" not in refusal()


def test_others_are_let_in_behind_tls_and_people_come_back_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().provider("http://127.0.0.1:8080") is None
    given(monkeypatch, API_HOST="0.0.0.0", PUBLIC_URL="https://console.example/", API_PROXIES="10.0.0.1 10.1.0.0/16")
    given(monkeypatch, OIDC_ISSUER="https://idp.example", OIDC_CLIENT_ID="us", OIDC_CLIENT_SECRET="geheim")
    settings = load_settings()
    provider = settings.provider(settings.console())
    assert provider is not None
    assert provider.redirect_uri == "https://console.example/api/v1/session/oidc/callback"
    assert settings.proxies() == ("10.0.0.1", "10.1.0.0/16")
    assert "geheim" not in f"{settings.shown()}{provider}"


def test_each_setting_is_documented() -> None:
    text = DOCS.read_text()
    for name, field in Settings.model_fields.items():
        assert f"| `{variable(name)}` |" in text
        assert field.description
        assert field.description in text

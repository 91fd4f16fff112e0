"""The command line: ``bailiwick COMMAND``, also ``python -m bailiwick COMMAND`` (docs/commands.md).

Exit codes: 0 done, 1 failed, 2 bad usage or input. What is expected to go wrong is told in one line on standard error.
Each command imports what it runs when it runs, so that ``--help`` answers at once.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from domain.errors import BadInput, BadInstant, BadSetting, BailiwickError

if TYPE_CHECKING:
    from bailiwick.settings import Settings

FAILED = 1
BAD_INPUT = 2
INTERRUPTED = 130

app = typer.Typer(
    name="bailiwick",
    help="The open backend for electronic monitoring: telemetry to alert, without losing either.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
CaseloadFile = Annotated[Path, typer.Option("--caseload", help="Caseload file (NDJSON).")]


def main() -> None:
    """Runs the command line and ends the process with its exit code."""
    try:
        app(prog_name="bailiwick")
    except (BadInput, BadInstant, BadSetting) as error:
        _end(str(error), BAD_INPUT)
    except BailiwickError as error:
        _end(str(error), FAILED)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`); Python would complain once more on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)


@app.command()
def migrate(as_json: AsJson = False) -> None:
    """Bring the database to the current schema."""
    import asyncio

    from store import Store

    settings = _settings()

    async def work() -> list[str]:
        async with await Store.open(settings.database()) as store:
            return await store.migrate()

    with database_told_in_one_line():
        done = asyncio.run(work())
    _print({"done": done}, "\n".join(done) or "nothing to do: the schema is current", as_json)


@app.command()
def ingest(
    client_id: Annotated[str | None, typer.Option(help="MQTT client id; all that stand by must have the same.")] = None,
    metrics_port: Annotated[int | None, typer.Option(help="Port for /metrics, on loopback.", min=1, max=65535)] = None,
) -> None:
    """MQTT to decisions. A second one stands by and takes over."""
    from ingest.broker import BrokerAddress
    from ingest.service import CLIENT_ID, IngestConfig, run

    settings = _settings()
    files = {"ca": settings.mqtt_ca, "certificate": settings.mqtt_certificate, "key": settings.mqtt_key}
    address = BrokerAddress.parse(settings.broker(), **{name: str(path) for name, path in files.items() if path})
    run(IngestConfig(settings.database(), address, client_id or CLIENT_ID, metrics_port=metrics_port))


@app.command()
def api() -> None:
    """HTTP, the stream and the page, on BAILIWICK_API_HOST and BAILIWICK_API_PORT."""
    from api.service import ApiConfig, run

    settings = _settings()
    with database_told_in_one_line():
        run(ApiConfig(settings.database(), settings.api_host, settings.api_port), ready=_say_where)


@app.command()
def windows(
    caseload: CaseloadFile,
    condition: Annotated[str, typer.Option(help="Id of the condition.")],
    start: Annotated[str, typer.Option("--from", help="First instant, such as 2026-10-24T12:00:00Z.")],
    end: Annotated[str, typer.Option("--to", help="Instant after the last.")],
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines, which is what it prints anyway.")] = False,
) -> None:
    """When a condition is in force: merged windows, one line each."""
    from bailiwick.windows_command import windows_command

    raise typer.Exit(windows_command(caseload, condition, start, end))


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="Caseload file (NDJSON).")],
    as_json: AsJson = False,
) -> None:
    """Take a caseload file into the database, all or nothing, each bad line named."""
    from bailiwick.import_command import import_command

    settings = _settings()
    with database_told_in_one_line():
        raise typer.Exit(import_command(file, settings.database(), as_json=as_json))


@contextmanager
def database_told_in_one_line() -> Iterator[None]:
    """Turns a lost or refused connection into one line."""
    from store.store import ConnectionLost

    try:
        yield
    except ConnectionLost as error:
        raise DatabaseAway(" ".join(str(error).split())) from None


class DatabaseAway(BailiwickError):
    """The database cannot be reached, or refuses us."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the database cannot be used: {why}")


def _settings() -> Settings:
    from bailiwick.settings import load_settings

    return load_settings()


def _say_where(address: str) -> None:
    print(address, flush=True)


def _print(result: object, text: str, as_json: bool) -> None:
    print(json.dumps(result) if as_json else text)


def _end(text: str, code: int) -> None:
    print(f"bailiwick: {text}" if "\n" not in text else text, file=sys.stderr)
    sys.exit(code)

"""The command line: ``bailiwick COMMAND``, also ``python -m bailiwick COMMAND`` (docs/commands.md).

Exit codes: 0 done, 1 failed, 2 bad usage or input. What is expected to go wrong is told in one line on standard error.
Each command imports what it runs when it runs, so that ``--help`` answers at once.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from bailiwick.accounts_command import accounts
from bailiwick.conform_command import conform
from bailiwick.load_command import load
from bailiwick.protocols_command import app as protocols_app
from bailiwick.rota_command import forces, rota
from bailiwick.simulate_command import score, simulate
from bailiwick.statistics_command import statistics
from domain.errors import BadInput, BadInstant, BadSetting, BailiwickError
from simulators.telling import alone, printing

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
app.add_typer(accounts, name="accounts")
app.add_typer(rota, name="rota")
app.add_typer(forces, name="forces")
app.add_typer(statistics, name="statistics")
app.add_typer(protocols_app, name="protocols")

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
AsLines = Annotated[bool, typer.Option("--json", help="JSON lines, which is what it prints anyway.")]


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line (``sys.argv`` by default) and ends the process with its exit code."""
    try:
        try:
            app(args=arguments, prog_name="bailiwick")
        except BaseExceptionGroup as several:  # what one of a service's tasks raised is told as by itself
            raise alone(several) from None
        finally:
            with printing():
                pass  # what was printed comes out, or does not, before the exit code is given
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
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        _end(f"{error.filename or 'standard output, or a file that is written'}: {error.strerror}", FAILED)
    except Exception as error:
        if not _asks_to_migrate(error):
            raise
        _end("the database does not have the current schema: run `bailiwick migrate` first", FAILED)


@app.command()
def demo(
    wearers: Annotated[int, typer.Option(help="How many wearers are simulated.", min=1)] = 1000,
    duration: Annotated[
        float | None, typer.Option(help="Seconds to simulate, then stop and report; without it, until Ctrl-C.")
    ] = None,
    rate: Annotated[float, typer.Option(help="Messages a second of every device.")] = 0.2,
    scenario: Annotated[
        Path | None, typer.Option(help="Scenario file (TOML), or the name of one that comes with Bailiwick.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="File for the JSON report; needs --duration.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the invented caseload and of what happens.")] = 1,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")] = True,
    embedded_broker: Annotated[
        bool, typer.Option("--embedded-broker", help="The broker from the wheel, even where Mosquitto is found.")
    ] = False,
    folder: Annotated[Path | None, typer.Option(help="Folder for everything, made anew; default: .cache/demo.")] = None,
) -> None:
    """Everything, on embedded parts: database, broker, simulated wearers, ingest, API and page."""
    from bailiwick.demo.config import DemoConfig
    from bailiwick.demo.run import run

    settings = _settings()
    config = DemoConfig(wearers, duration, rate, scenario, report, seed, browser, embedded_broker, folder)
    raise typer.Exit(run(config, settings))


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
    at_most_once: Annotated[
        bool, typer.Option("--at-most-once", help="For the embedded broker of the demo alone: QoS 0.")
    ] = False,
) -> None:
    """MQTT to decisions. A second one stands by and takes over."""
    from bailiwick.timezones import pinned_time_zones
    from bailiwick.warm_up import warm_up
    from ingest.broker import BrokerAddress
    from ingest.service import CLIENT_ID, IngestConfig, run

    settings = _settings()
    database_url = settings.database()
    address = BrokerAddress.parse(settings.broker(), **settings.mqtt_files())
    zones = pinned_time_zones()
    name = client_id or CLIENT_ID
    warm_up()
    adapters = settings.adapter_names()
    run(IngestConfig(database_url, address, zones, name, at_most_once, metrics_port=metrics_port, adapters=adapters))


@app.command()
def api() -> None:
    """HTTP, the stream, work on alerts and the page, on BAILIWICK_API_HOST and BAILIWICK_API_PORT."""
    from api.service import run
    from bailiwick.api_config import api_config

    with database_told_in_one_line():
        run(api_config(_settings()), ready=_say_where)


@app.command()
def dispatch(
    metrics_port: Annotated[int | None, typer.Option(help="Port for /metrics, on loopback.", min=1, max=65535)] = None,
) -> None:
    """Alerts to people: due timers and notifications. Several may run at once."""
    from bailiwick.dispatching import Dispatching, run
    from bailiwick.hooks import read_hooks
    from bailiwick.timezones import pinned_time_zones

    settings = _settings()
    settings.database()
    run(Dispatching(settings, pinned_time_zones(), metrics_port, read_hooks(settings)))


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="Caseload file (NDJSON), or the folder of an export of everything.")],
    as_json: AsJson = False,
) -> None:
    """Take a caseload file, or an export into an empty system, into the database: all or nothing."""
    from bailiwick.export_command import import_export_command
    from bailiwick.import_command import import_command

    take = import_export_command if file.is_dir() else import_command
    with database_told_in_one_line():
        raise typer.Exit(take(file, _settings().database(), as_json=as_json))


@app.command()
def export(
    folder: Annotated[
        Path, typer.Argument(help="Folder to write; it must be empty, or hold an export that was interrupted.")
    ],
    with_protected: Annotated[
        bool, typer.Option("--with-protected", help="With what is known of protected people, in a part of its own.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Everything into a folder of open files, with counts and sums: to restore, or for another system."""
    from bailiwick.export_command import export_command

    with database_told_in_one_line():
        raise typer.Exit(export_command(folder, _settings().database(), protected=with_protected, as_json=as_json))


@app.command()
def crimes(
    file: Annotated[Path, typer.Argument(help="Recorded crimes (CSV), one a row.")],
    as_json: AsJson = False,
) -> None:
    """Take recorded crimes: each row by itself, what is right is entered. Ends with 1 if any was not."""
    from bailiwick.crimes_command import crimes_command

    with database_told_in_one_line():
        raise typer.Exit(crimes_command(file, _settings().database(), as_json=as_json))


@app.command()
def exporter() -> None:
    """Exports, crime matches and breach packs that were asked for over HTTP. Several may run at once."""
    from bailiwick.breach_routes import breach_routes
    from bailiwick.exporter import Exporting, run
    from bailiwick.pack_key import signing_key
    from bailiwick.timezones import pinned_time_zones

    settings = _settings()
    key, kept_days, zones = signing_key(settings), settings.retention_positions_days, pinned_time_zones()
    routes = breach_routes(settings, zones)
    run(Exporting(settings.database(), settings.exports(), zones, key=key, kept_days=kept_days, routes=routes))


@app.command()
def evaluate(
    caseload: Annotated[str, typer.Option(help="Caseload file (NDJSON); `-` is standard input.")],
    feed: Annotated[str, typer.Option(help="Feed file (NDJSON); `-` is standard input.")],
    until: Annotated[str | None, typer.Option(help="End with a tick then, such as 2026-10-24T12:00:00Z.")] = None,
    as_json: AsLines = False,
) -> None:
    """The rules on files, without a server or a clock: prints the violations, one line a version."""
    from bailiwick.evaluate_command import evaluate_command

    raise typer.Exit(evaluate_command(caseload, feed, until))


@app.command()
def windows(
    caseload: Annotated[Path, typer.Option(help="Caseload file (NDJSON).")],
    condition: Annotated[str, typer.Option(help="Id of the condition.")],
    start: Annotated[str, typer.Option("--from", help="First instant, such as 2026-10-24T12:00:00Z.")],
    end: Annotated[str, typer.Option("--to", help="Instant after the last.")],
    as_json: AsLines = False,
) -> None:
    """When a condition is in force: merged windows, one line each."""
    from bailiwick.windows_command import windows_command

    raise typer.Exit(windows_command(caseload, condition, start, end))


@app.command()
def timeline(
    caseload: Annotated[Path, typer.Option(help="Caseload file (NDJSON).")],
    order: Annotated[str, typer.Option(help="Id of the order.")],
    start: Annotated[str, typer.Option("--from", help="First instant, such as 2026-10-24T12:00:00Z.")],
    end: Annotated[str | None, typer.Option("--to", help="Instant after the last; a week on by itself.")] = None,
    as_json: AsLines = False,
) -> None:
    """When an order's conditions are enforced, and when silent and why: suspensions as instants, before they are saved."""
    from bailiwick.timeline_command import timeline_command

    raise typer.Exit(timeline_command(caseload, order, start, end))


for command in (simulate, score, load, conform):
    app.command()(command)


@app.command()
def replay(
    start: Annotated[str, typer.Option("--from", help="First instant, such as 2026-10-24T12:00:00Z.")],
    end: Annotated[str, typer.Option("--to", help="Instant after the last.")],
    wearer: Annotated[str | None, typer.Option(help="Compare the violations of one wearer alone.")] = None,
    as_json: AsJson = False,
) -> None:
    """Judge stored facts again and compare with what was decided; ends with 1 on any difference."""
    from bailiwick.replay_command import replay_command

    with database_told_in_one_line():
        raise typer.Exit(replay_command(_settings().database(), start, end, wearer, as_json=as_json))


@app.command("verify-audit")
def verify_audit(
    public_key: Annotated[
        list[Path] | None,
        typer.Option("--public-key", help="File with a public key (PEM); for each key that was used."),
    ] = None,
    anchors: Annotated[
        Path | None, typer.Option(help="File of anchors kept outside; BAILIWICK_AUDIT_ANCHORS by itself.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check the audit from the first entry to the last; end with 1 and the first thing that does not hold."""
    from bailiwick.audit_keys import load_key, load_public
    from bailiwick.verify_audit import verify_audit_command

    settings = _settings()
    keys = dict(load_public(public_key)) if public_key else None
    if keys is None and settings.audit_key is not None:
        own = load_key(settings.audit_key)
        keys = {own.id: own.public}
    with database_told_in_one_line():
        raise typer.Exit(
            verify_audit_command(settings.database(), keys, anchors or settings.audit_anchors, as_json=as_json)
        )


@app.command("verify-report")
def verify_report(
    file: Annotated[Path, typer.Argument(help="The pack: a PDF as the centre gave it out.")],
    trust: Annotated[
        list[Path] | None, typer.Option(help="File with a certificate that you trust (PEM or DER); may be given again.")
    ] = None,
    annex: Annotated[Path | None, typer.Option(help="Its sealed annex, where a court has had it opened.")] = None,
    against_database: Annotated[
        bool, typer.Option("--against-database", help="Hold it against BAILIWICK_DATABASE_URL too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check a breach pack, offline, from its file alone; end with 1 and the first thing that does not hold."""
    from bailiwick.verify_report import verify_report_command

    url = _settings().database() if against_database else None
    with database_told_in_one_line():
        raise typer.Exit(verify_report_command(file, trust or [], annex, url, as_json=as_json))


@app.command()
def contingency(
    now: Annotated[bool, typer.Option("--now", help="Print the list of now, or write it with --folder.")] = False,
    folder: Annotated[Path | None, typer.Option(help="Write it into this folder, as dispatch does.")] = None,
    verify: Annotated[
        Path | None, typer.Option(help="The folder of a list: is it as it was written and signed?")
    ] = None,
    public_key: Annotated[
        list[Path] | None, typer.Option("--public-key", help="File with a public key (PEM) to verify with.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Who must be watched now, ranked, with numbers to call, from the database alone; or whether a written list holds."""
    from bailiwick.audit_keys import load_key, load_public
    from bailiwick.contingency_command import contingency_command, verify_list_command
    from bailiwick.timezones import pinned_time_zones

    if now == (verify is not None):
        raise BadSetting("give --now, or --verify FOLDER")
    settings = _settings()
    key = None if settings.audit_key is None else load_key(settings.audit_key)
    if verify is not None:
        keys = dict(load_public(public_key)) if public_key else ({} if key is None else {key.id: key.public})
        raise typer.Exit(verify_list_command(verify, keys, as_json=as_json))
    with database_told_in_one_line():
        made = contingency_command(
            settings.database(), pinned_time_zones(), folder, key, settings.centre_phone, as_json=as_json
        )
        raise typer.Exit(made)


@app.command("audit-key")
def audit_key(as_json: AsJson = False) -> None:
    """Make the key that signs the audit's daily anchors, where BAILIWICK_AUDIT_KEY has none; print its public key."""
    from bailiwick.audit_keys import load_key, make_key

    path = _settings().audit_key
    if path is None:
        raise BadSetting("BAILIWICK_AUDIT_KEY is not set: it names the file that the key is to be kept in")
    made = make_key(path)
    key = load_key(path)
    told = {"file": str(path), "made": made, "key": key.id, "public": key.public_pem()}
    _print(told, f"{'made' if made else 'there already'}: {path} (key {key.id})\n{key.public_pem()}", as_json)


@app.command()
def retention(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would go.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let go what is older than the settings say, and may; dispatch does so once a day."""
    from bailiwick.keeping import retention_command

    with database_told_in_one_line():
        raise typer.Exit(retention_command(_settings(), dry_run=dry_run, as_json=as_json))


@app.command()
def erase(
    wearer: Annotated[str | None, typer.Argument(help="Id of the wearer.")] = None,
    due: Annotated[bool, typer.Option("--due", help="Only list of whom nothing need be kept any more.")] = False,
    reason: Annotated[str | None, typer.Option(help="Why, for the audit.")] = None,
    as_json: AsJson = False,
) -> None:
    """Erase everything that is held of a wearer, when nothing keeps it: no order, hold, open alert, breach. Not to be undone."""
    from bailiwick.erase_command import due_command, erase_command

    if due == (wearer is not None):
        raise typer.BadParameter("name a wearer, or ask with --due who may be erased")
    with database_told_in_one_line():
        if wearer is None:
            raise typer.Exit(due_command(_settings(), as_json=as_json))
        raise typer.Exit(erase_command(_settings(), wearer, reason, as_json=as_json))


@app.command("subject-access")
def subject_access(
    wearer: Annotated[str, typer.Argument(help="Id of the wearer.")],
    folder: Annotated[Path, typer.Argument(help="Folder to write.")],
    as_zip: Annotated[bool, typer.Option("--zip", help="FOLDER.zip in its place.")] = False,
    reason: Annotated[str | None, typer.Option(help="Why, for the audit.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write everything that is held of a wearer, for the wearer: who looked too, and nothing of a protected person."""
    from bailiwick.subject_access import subject_access_command

    with database_told_in_one_line():
        raise typer.Exit(subject_access_command(_settings(), wearer, folder, reason, as_zip=as_zip, as_json=as_json))


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Check settings, database, broker, clock and time-zone data; say what to do about each."""
    from bailiwick.doctor import doctor_command

    raise typer.Exit(doctor_command(_settings(), as_json=as_json))


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


def _asks_to_migrate(error: Exception) -> bool:
    """Whether it is for want of a migration; asked of the database, so that no fault of ours is told as that."""
    import asyncio

    from store.errors import CannotMigrate
    from store.store import ConnectionLost, asks_to_migrate

    try:
        return asyncio.run(asks_to_migrate(error, _settings().database()))
    except (ConnectionLost, BadSetting):
        return False
    except CannotMigrate as newer:
        _end(str(newer), FAILED)


def _say_where(address: str) -> None:
    print(address, flush=True)


def _print(result: object, text: str, as_json: bool) -> None:
    print(json.dumps(result) if as_json else text)


def _end(text: str, code: int) -> NoReturn:
    print(f"bailiwick: {text}" if "\n" not in text else text, file=sys.stderr)
    sys.exit(code)

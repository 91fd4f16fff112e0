"""``bailiwick protocols``: its commands and their options. What they do is in `bailiwick.protocols_asked`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bailiwick.command_work import told_in_lines

app = typer.Typer(
    help="What is done about alerts: explain, check, import and show protocols.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
TheFile = Annotated[Path, typer.Argument(help="File of protocols (TOML).")]


@app.command()
def explain(
    kind: Annotated[str, typer.Option(help="Kind of alert, such as strap_tamper.")],
    level: Annotated[str, typer.Option(help="Response level: standard, enhanced or intensive.")],
    at: Annotated[
        str | None, typer.Option(help="When it is raised, such as 2026-11-21T22:00:00Z; default: now.")
    ] = None,
    severity: Annotated[
        str | None, typer.Option(help="How urgent it is and stays; default: as such an alert begins, and rises.")
    ] = None,
    victim: Annotated[bool, typer.Option("--victim", help="The wearer is paired with a victim.")] = False,
    under_18: Annotated[bool, typer.Option("--under-18", help="The wearer is under 18.")] = False,
    own_unit: Annotated[bool, typer.Option("--own-unit", help="It is about the unit that a victim carries.")] = False,
    area: Annotated[str | None, typer.Option(help="Area of the order, for the names of those on duty.")] = None,
    as_json: AsJson = False,
) -> None:
    """What would happen, minute by minute, if nobody acted; with names from the rota where there is a database."""
    with told_in_lines():
        from bailiwick.protocols_asked import explain_command

        explain_command(
            *(kind, level, at, severity, area), victim=victim, under_18=under_18, own_unit=own_unit, as_json=as_json
        )


@app.command()
def check(file: TheFile, as_json: AsJson = False) -> None:
    """Whether a file of protocols may be used; if not, everything that is wrong with it, one line each."""
    with told_in_lines():
        from bailiwick.protocols_asked import check_command

        check_command(file, as_json=as_json)


@app.command("import")
def import_(file: TheFile, as_json: AsJson = False) -> None:
    """Take a file of protocols into force, as a new version. Alerts that are being worked on keep theirs."""
    with told_in_lines():
        from bailiwick.protocols_asked import import_command

        import_command(file, as_json=as_json)


@app.command()
def show(
    name: Annotated[str | None, typer.Argument(metavar="[ID]", help="One protocol, step by step.")] = None,
    as_json: AsJson = False,
) -> None:
    """The protocols in force."""
    with told_in_lines():
        from bailiwick.protocols_asked import show_command

        show_command(name, as_json=as_json)

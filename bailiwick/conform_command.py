"""The command `conform`: a vendor's device against every clause of the wire protocol (docs/conform.md)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def conform(
    broker: Annotated[str, typer.Option(help="The broker: mqtt://user:password@host:port, or mqtts://...")],
    device: Annotated[str, typer.Option(help="Id of the device; no other is listened to, told or disturbed.")],
    kind: Annotated[str | None, typer.Option(help="What it is, such as gps_tag or home_unit.")] = None,
    steps: Annotated[str | None, typer.Option(help="Only these, with commas between; listening comes first.")] = None,
    guided: Annotated[
        bool | None,
        typer.Option("--guided/--no-guided", help="Ask a person beside the device; without it, if this is a terminal."),
    ] = None,
    long: Annotated[bool, typer.Option("--long", help="With the three days without a network.")] = False,
    away: Annotated[float, typer.Option(help="Minutes without a network.")] = 10.0,
    timeout: Annotated[
        float | None, typer.Option(help="Seconds that each sign of the device is waited for, in place of the usual.")
    ] = None,
    interval: Annotated[
        int | None, typer.Option(help="Its usual position interval, s; by itself as it is heard.")
    ] = None,
    upload: Annotated[int | None, typer.Option(help="Its usual upload interval, s; by itself as it says.")] = None,
    fast: Annotated[int, typer.Option(help="The interval that set_interval asks for, s.")] = 15,
    ca: Annotated[Path | None, typer.Option(help="File with the certificate authority of an mqtts:// broker.")] = None,
    certificate: Annotated[Path | None, typer.Option(help="File with our client certificate.")] = None,
    key: Annotated[Path | None, typer.Option(help="File with its key.")] = None,
    report: Annotated[Path | None, typer.Option(help="File for the result as JSON.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Play the centre to a real device: each clause of the wire protocol passed, failed or not shown; 1 if one failed."""
    from simulators.conforming import service
    from simulators.files_asked import check_written

    asked = {"--ca": ca, "--certificate": certificate, "--key": key}
    read = {option: path for option, path in asked.items() if path is not None}
    check_written({} if report is None else {"--report": report}, read)
    files = [None if path is None else str(path) for path in (ca, certificate, key)]
    config = service.ConformConfig(
        broker,
        device,
        kind,
        steps,
        guided=sys.stdin.isatty() if guided is None else guided,
        long=long,
        wait_s=timeout,
        away_minutes=away,
        fast_s=fast,
        interval_s=interval,
        upload_s=upload,
        ca=files[0],
        certificate=files[1],
        key=files[2],
        as_json=as_json,
        report=report,
    )
    raise typer.Exit(service.conform(config))

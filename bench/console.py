"""The console in a storm: 18,000 moving wearers and 1,000 alerts a minute for five minutes, in a browser without a GPU.

``python -m bench.console [--wearers N] [--moves HZ] [--alerts PER_MINUTE] [--seconds S]`` writes bench/results/console.json. Everything is
real and on the same cores: TimescaleDB, Mosquitto, `bailiwick ingest`, `bailiwick api`, devices, and two pages of one operator who has
signed in: the queue, on which alerts are claimed by keyboard, and the map, which is moved to and fro.

`pan_fps` is of frames that the map drew while it was moved, the worst stretch; `action_ms` from a key pressed to the line that says whose it is;
`first_paint_ms` of the queue in a fresh browser context; `heap_mb` of the pages after a collection.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import playwright.async_api as playwright

from api.console.rendering import BUILT
from api.hashing import Hashing
from bailiwick.parts.browser import headless_browser
from bailiwick.parts.real_parts import real_parts
from bench.api import load, serving
from bench.api_fill import tracked
from bench.ingest import Ingest, prepare, started
from bench.results import write_result
from domain.callers import Caller
from domain.instants import DAY_US
from domain.vocabulary import Role
from simulators.caseload import as_lines, generate
from store import Store
from store.accounts import Password, Person
from store.audit import entry_of

WEARERS: Final = 18_000
MOVES_HZ: Final = 300.0
ALERTS_A_MINUTE: Final = 1_000.0
SECONDS: Final = 300.0
PAN_S: Final = 10.0
PAINTS: Final = 10
PATIENCE_S: Final = 60.0
SETTLED: Final = 0.2
"""Of the run, after which memory is to be flat."""
PASSWORD: Final = "seven stray umbrellas"
AXE: Final = Path(__file__).parents[1] / "web/node_modules/axe-core/axe.min.js"
TAGS: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
FOUND: Final = """async (tags) => (await axe.run(document, { runOnly: { type: "tag", values: tags } }))
    .violations.reduce((sum, one) => sum + one.nodes.length, 0)"""
PAINT: Final = "() => performance.getEntriesByName('first-contentful-paint')[0].startTime"
WATCH: Final = """() => {
    const line = document.querySelector(".bw-line--unclaimed");
    if (!line) return null;
    line.focus();
    const { key } = line.dataset;
    window.benchTook = new Promise((done) => {
        let begun = 0;
        document.addEventListener("keydown", () => { begun = performance.now(); }, { once: true, capture: true });
        const look = () => {
            const now = document.querySelector(`.bw-line[data-key="${CSS.escape(key)}"] .bw-line__holder`);
            if (begun && now?.textContent.startsWith("You")) { watching.disconnect(); done(performance.now() - begun); }
        };
        const watching = new MutationObserver(look);
        watching.observe(document.getElementById("queue"), { subtree: true, childList: true, characterData: true });
        setTimeout(() => { watching.disconnect(); done(null); }, 5000);
    });
    return key;
}"""


@dataclass
class Seen:
    """What was measured in the browser."""

    pans: list[dict[str, float]] = field(default_factory=list)
    actions_ms: list[float] = field(default_factory=list)
    actions_lost: int = 0
    paints_ms: list[float] = field(default_factory=list)
    heap_mb: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: {"queue": [], "map": []})
    axe_findings: int = 0


async def account_for(url: str) -> None:
    """An operator of every area."""
    hashing = Hashing()
    try:
        made = await hashing.made(PASSWORD)
    finally:
        hashing.close()
    now_us = time.time_ns() // 1000
    by = Caller("bench", Role.ADMINISTRATOR, None, by="command")
    entry = entry_of(by, now_us, "accounts.write", "account", ["ola"])
    async with await Store.open(url) as store:
        person = Person("Ola", Role.OPERATOR, None)
        await store.accounts.make("ola", person, Password(made, must_change=False), now_us, entry)


async def signed_in(page: playwright.Page, address: str) -> None:
    """By the page itself."""
    await page.goto(f"{address}/sign-in")
    await page.fill("#name", "ola")
    await page.fill("#password", PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{address}/alerts")


async def until(page: playwright.Page, holds: str) -> None:
    """Asks until something holds: the page's own policy forbids what the library would put into it."""
    until_s = time.monotonic() + PATIENCE_S
    while not await page.evaluate(holds):
        assert time.monotonic() < until_s, holds
        await asyncio.sleep(0.05)


async def heap(page: playwright.Page) -> float:
    """Megabytes of live objects of a page."""
    session = await page.context.new_cdp_session(page)
    await session.send("Performance.enable")
    await session.send("HeapProfiler.collectGarbage")
    metrics = (await session.send("Performance.getMetrics"))["metrics"]
    await session.detach()
    return float(next(one["value"] for one in metrics if one["name"] == "JSHeapUsedSize")) / 1e6


async def heaps(pages: dict[str, playwright.Page], seen: Seen, began_s: float) -> None:
    """Of each page now."""
    for name, page in pages.items():
        seen.heap_mb[name].append((time.monotonic() - began_s, await heap(page)))


async def claimed(page: playwright.Page, seen: Seen) -> None:
    """One alert is claimed by keyboard."""
    if await page.evaluate(WATCH) is None:
        return
    await page.keyboard.press("c")
    took = await page.evaluate("() => window.benchTook")
    if took is None:
        seen.actions_lost += 1
    else:
        seen.actions_ms.append(float(took))


async def painted(browser: playwright.Browser, state: Any, address: str, seen: Seen) -> None:
    """The queue in a context that holds the session and nothing else."""
    context = await browser.new_context(storage_state=state, locale="en-GB")
    page = await context.new_page()
    await page.goto(f"{address}/alerts")
    await until(page, "() => performance.getEntriesByName('first-contentful-paint').length > 0")
    seen.paints_ms.append(float(await page.evaluate(PAINT)))
    await context.close()


async def look_for_findings(pages: dict[str, playwright.Page], seen: Seen) -> None:
    """What axe finds while the storm goes on."""
    script = AXE.read_text(encoding="utf-8")
    for page in pages.values():
        await page.evaluate(script)
        seen.axe_findings += int(await page.evaluate(FOUND, TAGS))


async def at_the_console(address: str, seconds: float) -> Seen:
    """Two pages for so long, while everything goes on."""
    seen, found = Seen(), headless_browser()
    async with AsyncExitStack() as stack:
        driver = await stack.enter_async_context(playwright.async_playwright())
        browser = await driver.chromium.launch(
            executable_path=found.program, args=list(found.arguments), env={**found.environment}
        )
        stack.push_async_callback(browser.close)
        context = await browser.new_context(locale="en-GB", viewport={"width": 1440, "height": 900})
        pages = {"queue": await context.new_page(), "map": await context.new_page()}
        await signed_in(pages["queue"], address)
        await pages["map"].goto(f"{address}/map?measure")
        await until(pages["map"], "() => window.bailiwickMap?.wearers() > 0")
        state, began_s = await context.storage_state(), time.monotonic()
        while (passed_s := time.monotonic() - began_s) < seconds:
            await pages["map"].bring_to_front()
            seen.pans.append(await pages["map"].evaluate("(ms) => window.bailiwickMap.pan(ms)", PAN_S * 1000))
            await pages["queue"].bring_to_front()
            for _ in range(5):
                await claimed(pages["queue"], seen)
            if len(seen.paints_ms) < PAINTS:
                await painted(browser, state, address, seen)
            if passed_s >= SETTLED * seconds:
                await heaps(pages, seen, began_s)
        await look_for_findings(pages, seen)
    return seen


def quantiles(values: Sequence[float]) -> dict[str, float]:
    """p50, p95, p99."""
    marks = np.quantile(np.array(values), (0.5, 0.95, 0.99)).tolist()
    return {name: round(mark, 1) for name, mark in zip(("p50", "p95", "p99"), marks, strict=True)}


def told_of(seen: Seen) -> dict[str, Any]:
    """The figures."""
    sizes = json.loads((BUILT / "sizes.json").read_text(encoding="utf-8"))
    heaps_told = {}
    for name, samples in seen.heap_mb.items():
        at_s, used = np.array(samples).T
        rise = float(np.polyfit(at_s / 60, used, 1)[0]) if len(samples) > 2 else 0.0
        heaps_told[name] = {"first": round(used[0], 1), "last": round(used[-1], 1), "rise_a_minute": round(rise, 2)}
    return {
        "pan_fps": round(min(one["frames_per_s"] for one in seen.pans), 1),
        "pan_fps_all": [round(one["frames_per_s"], 1) for one in seen.pans],
        "wearers_on_the_map": min(one["wearers"] for one in seen.pans),
        "action_ms": quantiles(seen.actions_ms),
        "actions": len(seen.actions_ms),
        "actions_lost": seen.actions_lost,
        "first_paint_ms": quantiles(seen.paints_ms),
        "js_compressed_kb": round(sizes["js_gzip_bytes"] / 1024, 1),
        "axe_findings": seen.axe_findings,
        "heap_mb": heaps_told,
    }


def measure(told: argparse.Namespace, command: str) -> dict[str, Any]:
    """One run; its result is written and given."""
    real = real_parts()
    with ExitStack() as stack:
        parts = stack.enter_context(started(real))
        now_us = time.time_ns() // 1000
        caseload = parts.folder / "caseload.ndjson"
        caseload.write_bytes(as_lines(tracked(generate(told.wearers, 1, now_us - 4 * DAY_US))))
        asyncio.run(prepare(parts.url, caseload))
        asyncio.run(account_for(parts.url))
        ingest = Ingest(parts)
        address, process = stack.enter_context(serving(parts))
        with load(parts, caseload, told.wearers / 10, 0.0):
            time.sleep(15)  # everybody is somewhere
        with load(parts, caseload, told.moves, told.alerts / 60) as spoken:
            seen = asyncio.run(at_the_console(address, told.seconds))
        result = told_of(seen) | {"wearers": told.wearers, "seconds": told.seconds, "load": spoken}
        result |= {"api_rss_mb": round(process.memory_info().rss / 1e6)}
        ingest.connection.close()
    write_result("console", result, command, real.versions)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wearers", type=int, default=WEARERS)
    parser.add_argument("--moves", type=float, default=MOVES_HZ)
    parser.add_argument("--alerts", type=float, default=ALERTS_A_MINUTE, help="a minute")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    told = parser.parse_args()
    subprocess.run(["make", "--silent", "console"], cwd=Path(__file__).parents[1], check=True)
    result = measure(told, " ".join(["python -m bench.console", *sys.argv[1:]]))
    sys.exit(0 if result["axe_findings"] == result["actions_lost"] == 0 else 1)


if __name__ == "__main__":
    main()

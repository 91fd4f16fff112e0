/**
 * Critical alerts that no operator's view shows: whoever is senior hears of them. Pages of the centre tell what they show, and ask
 * what the others do.
 */

import { ask, Away, Refused } from "../shared/api";
import type { Alert } from "./alert";
import { banner } from "./live";
import type { Queue } from "./queue";
import { fits, readView, writeView, type Known } from "./view";
import { plural } from "./words";

const EVERY_MS = 20_000;

interface InUse {
  who: string;
  role: string;
  query: string;
}

export class Watch {
  private shown: ((alert: Alert) => boolean)[] | null = null;
  private told = "";
  private heard = new Set<string>();

  constructor(
    private readonly queue: Queue,
    private readonly known: Known,
    private readonly senior: boolean,
  ) {}

  start(): void {
    void this.ask();
    window.setInterval(() => void this.ask(), EVERY_MS);
  }

  /** The view was changed: the others learn of it at once. */
  changed(): void {
    if (writeView(this.queue.view) !== this.told) void this.ask();
  }

  private async ask(): Promise<void> {
    this.told = writeView(this.queue.view);
    try {
      const { body } = await ask<{ items: InUse[] }>(`views/in-use?${new URLSearchParams({ shows: this.told })}`, { background: true });
      const operators = body.items.filter((one) => one.role === "operator");
      this.shown = operators.map((one) => fits(readView(one.query), { ...this.known, me: one.who }));
    } catch (error) {
      if (!(error instanceof Away || error instanceof Refused)) throw error;
    }
  }

  /** What is critical, nobody's, and in no operator's view; those of them that were not told before. */
  look(): Alert[] {
    const { shown } = this;
    if (!this.senior || shown === null) return [];
    const missed: Alert[] = [];
    for (const alert of this.queue.all()) {
      const counts = alert.severity === "critical" && alert.work === "raised" && alert.grouped_under === null;
      if (counts && !shown.some((shows) => shows(alert))) missed.push(alert);
    }
    const words = `${plural(missed.length, "critical alert")} in no operator's view${shown.length ? "" : ": no operator has the queue open"}.`;
    banner("banner-unshown", missed.length ? words : "");
    const fresh = missed.filter((alert) => !this.heard.has(alert.id));
    this.heard = new Set(missed.map((alert) => alert.id));
    return fresh;
  }
}

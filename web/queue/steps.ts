/**
 * What the protocols of the shown alerts do next: asked for together, when one is new or has changed, and again every ten seconds,
 * since a protocol goes on by itself.
 */

import { ask, Away, Refused } from "../shared/api";
import { now, span } from "../shared/clock";
import type { Alert } from "./alert";
import { whomWords, sentence } from "./words";

export interface Step {
  alert: string;
  due: string;
  action: "notify" | "escalate" | "task";
  to: string;
  /** The channels, the first that they have; "call" is an operator who rings. */
  by: readonly string[];
}

const AT_ONCE = 200;
/** A change is asked about when its protocol has had time to answer it. */
const SOON_MS = 1_000;
const EVERY_MS = 10_000;
const HOUR_MS = 3_600_000;

export class Steps {
  private known = new Map<string, { revision: string; step: Step | null }>();
  private shown = new Map<string, string>();
  private timer = 0;
  private asking = false;

  constructor(private readonly told: () => void) {}

  start(): void {
    window.setInterval(() => void this.read(), EVERY_MS);
  }

  /** The lines are drawn anew: what is not asked for by `of` from now on is not shown. */
  drawing(): void {
    this.shown.clear();
  }

  of(alert: Alert): Step | null {
    this.shown.set(alert.id, alert.revision);
    return this.known.get(alert.id)?.step ?? null;
  }

  drawn(): void {
    const isNew = [...this.shown].some(([id, revision]) => this.known.get(id)?.revision !== revision);
    if (isNew && !this.asking) this.timer ||= window.setTimeout(() => void this.read(), SOON_MS);
  }

  private async read(): Promise<void> {
    window.clearTimeout(this.timer);
    this.timer = 0;
    if (this.asking || document.hidden || this.shown.size === 0) return;
    this.asking = true;
    const wanted = [...this.shown].slice(0, AT_ONCE);
    try {
      const query = new URLSearchParams(wanted.map(([id]) => ["alert", id]));
      const found = (await ask<{ items: Step[] }>(`next-steps?${query}`, { background: true })).body.items;
      const steps = new Map(found.map((step) => [step.alert, step]));
      // Only what is shown is kept: the rest is asked for again when it is.
      this.known = new Map(wanted.map(([id, revision]) => [id, { revision, step: steps.get(id) ?? null }]));
      this.told();
    } catch (error) {
      if (!(error instanceof Away || error instanceof Refused)) throw error;
    }
    this.asking = false;
  }
}

const MANY = new Set(["operator", "police"]);

/** What a step does, and what it is called when it should have been done: what an operator must do is said to them. */
function deed({ action, to, by }: Step): [string, string] {
  const whom = sentence(whomWords(to));
  const told = action === "escalate" ? "called" : "told";
  if (action === "task") return ["Task", "Task"];
  if (by[0] === "call") return [`Ring the ${whomWords(to)}`, `Ring the ${whomWords(to)}`];
  // Whether a message reaches them or somebody must ring is known when it comes.
  if (action === "notify" && by.includes("call")) return [`${whom} to be told or rung`, `${whom} to be told or rung`];
  return [`${whom} ${MANY.has(to) ? "are" : "is"} ${told}`, `${whom} to be ${told}`];
}

/** "Supervisor is told in 1:20": what comes next, by the server's clock; what should have come says for how long. */
export function stepWords(step: Step): string {
  const [ahead, late] = deed(step);
  const ms = Date.parse(step.due) - now();
  return ms > 0 ? `${ahead} in ${countdown(ms)}` : `${late}: due ${ms < -SOON_MS ? `for ${countdown(-ms)}` : "now"}`;
}

/** "1:20" under an hour, "1 h 5 min" over it. */
export function countdown(ms: number): string {
  if (ms >= HOUR_MS) return span(ms);
  const seconds = Math.ceil(ms / 1_000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** Where everybody is, as the API tells it: the whole list, then what moved, again and again; and what to say when it does not answer. */

import { ask } from "../shared/api";
import { now } from "../shared/clock";
import type { Fleet, Position } from "./fleet";

const EVERY_MS = 3_000;
/** After no answer: longer each time, up to this. */
const PATIENCE_MS = 15_000;

export interface LeftOut {
  sealed: number;
  unheard: number;
}

interface Page {
  items: Position[];
  next: string | null;
  moves: string | null;
  gone: string[];
  left_out: LeftOut | null;
}

export interface Told {
  /** The list came, whole or what moved. */
  heard(at: number, leftOut: LeftOut | null): void;
  /** No answer, since when; or a refusal in its words. */
  silent(words: string): void;
}

/** Follows for as long as the page is there; not while nobody looks at it. */
export function followPositions(fleet: Fleet, told: Told): void {
  let moves: string | null = null;
  let leftOut: LeftOut | null = null;
  let pause = EVERY_MS;
  let timer = 0;

  const whole = async (): Promise<void> => {
    const items: Position[] = [];
    let path: string | null = "positions?limit=20000";
    let last: Page | null = null;
    while (path !== null) {
      last = (await ask<Page>(path, { background: true })).body;
      items.push(...last.items);
      path = last.next;
    }
    fleet.set(items);
    moves = last?.moves ?? null;
    leftOut = last?.left_out ?? null;
  };
  const turn = async (): Promise<void> => {
    window.clearTimeout(timer);
    if (document.hidden) return;
    try {
      if (moves === null) await whole();
      else {
        const page: Page = (await ask<Page>(moves, { background: true })).body;
        moves = page.moves;
        if (moves === null) await whole();
        else fleet.move(page.items, page.gone);
      }
      pause = EVERY_MS;
      told.heard(now(), leftOut);
    } catch (error) {
      pause = Math.min(PATIENCE_MS, pause * 1.5);
      told.silent(error instanceof Error ? error.message : String(error));
    }
    timer = window.setTimeout(() => void turn(), pause);
  };
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) void turn();
  });
  void turn();
}

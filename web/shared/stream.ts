/** The stream of alerts, violations and incidents: resumed by the browser after a break, and never silently stale. */

import { now } from "./clock";

export type Link = "connecting" | "live" | "stale" | "ended";

export interface Follower {
  /** An event as committed: its topic and its JSON. */
  event(topic: string, body: Record<string, unknown>): void;
  /** What is shown must be read anew: too much was missed. */
  anew(): void;
  /** The state of the line, and since when nothing was heard. */
  link(state: Link, heardMs: number): void;
}

const TOPICS = ["alert", "violation", "incident"] as const;
const STALE_MS = 20_000;
/** The server says something every 15 s, were it only that nothing is new. */
const LOOK_MS = 1_000;
const BACK_MS = 3_000;

/** Follows until the given function is called. */
export function follow(follower: Follower, kind?: (typeof TOPICS)[number]): () => void {
  let source: EventSource | null = null;
  let last: string | null = null;
  let heard = now();
  let state: Link = "connecting";
  let again = 0;

  const tell = (next: Link): void => {
    if (next !== state || next === "stale") follower.link((state = next), heard);
  };
  const open = (): void => {
    source?.close();
    const query = new URLSearchParams(kind ? { kind } : {});
    source = new EventSource(`/api/v1/stream${query.size ? `?${query}` : ""}`);
    const alive = (event: MessageEvent): void => {
      heard = now();
      last = event.lastEventId || last;
      tell("live");
    };
    for (const word of ["hello", "resumed", "reset"]) {
      source.addEventListener(word, (event) => {
        const begun = last !== null;
        alive(event);
        // A new line that was not resumed missed what came between: `reset` says so, a second `hello` means so.
        if (word === "reset" || (word === "hello" && begun)) follower.anew();
      });
    }
    source.addEventListener("still", alive);
    for (const topic of TOPICS) {
      source.addEventListener(topic, (event) => {
        alive(event);
        follower.event(topic, JSON.parse(event.data));
      });
    }
    source.onerror = () => {
      tell("stale");
      if (source?.readyState === EventSource.CLOSED) again = window.setTimeout(open, BACK_MS);
    };
  };
  const watch = window.setInterval(() => {
    if (now() - heard <= STALE_MS) return;
    tell("stale");
    if (state === "stale" && now() - heard > 2 * STALE_MS && source?.readyState === EventSource.OPEN) {
      heard = now() - STALE_MS;
      open();
    }
  }, LOOK_MS);
  open();
  return () => {
    window.clearInterval(watch);
    window.clearTimeout(again);
    source?.close();
    state = "ended";
  };
}

/** The queue and the service: everything read once, then the stream; and what is wrong said loudly until it is right again. */

import { ask, Away, Refused } from "../shared/api";
import { clock, now, span } from "../shared/clock";
import { follow, type Link } from "../shared/stream";
import type { Alert } from "./alert";
import type { Queue } from "./queue";

const PAGE = 1_000;
const FLUSH_MS = 250;
const AGAIN_MS = 5_000;

interface Page {
  items: Alert[];
  next: string | null;
}

export function banner(id: string, words: string): void {
  let line = document.getElementById(id);
  if (!line) {
    line = document.createElement("p");
    line.id = id;
    line.className = "bw-banner";
    line.setAttribute("role", "alert");
    line.hidden = true;
    document.getElementById("banners")?.append(line);
  }
  if (line.textContent === words) return;
  const here = document.querySelector(".bw-line--here");
  const was = here?.getBoundingClientRect().top ?? 0;
  line.textContent = words;
  line.hidden = words === "";
  // The line under the cursor stays where it is, as far as the page can be scrolled.
  if (here) window.scrollBy(0, here.getBoundingClientRect().top - was);
}

export class Live {
  link: Link = "connecting";
  reading = false;
  private since = now();
  private timer = 0;
  private wanted = false;
  private wasLive = false;

  constructor(
    private readonly queue: Queue,
    private readonly told: () => void,
  ) {}

  start(): void {
    follow(
      {
        event: (topic, body) => {
          if (topic !== "alert") return;
          this.queue.take(body as unknown as Alert, true);
          this.soon();
        },
        anew: () => void this.read(),
        link: (state, heard) => this.linked(state, heard),
      },
      "alert",
    );
    window.setInterval(() => this.tick(), 1_000);
  }

  /** Shows what came, a few times a second at most however much comes. */
  private soon(): void {
    if (this.timer) return;
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      this.told();
    }, FLUSH_MS);
  }

  private linked(state: Link, heard: number): void {
    const first = !this.wasLive && state === "live";
    this.wasLive ||= first;
    if (state === "stale" && this.link !== "stale") this.since = heard;
    this.link = state;
    if (first) void this.read();
    this.tick();
    this.told();
  }

  private tick(): void {
    const age = document.getElementById("age");
    if (this.link === "live") {
      banner("banner-stream", "");
      document.dispatchEvent(new CustomEvent("bailiwick:fresh"));
      age?.setAttribute("data-live", "");
    } else if (this.link === "stale") {
      age?.removeAttribute("data-live");
      const ago = Math.floor((now() - this.since) / 10_000) * 10_000;
      const how = ago >= 10_000 ? ` (${span(ago)})` : "";
      banner(
        "banner-stream",
        `Not live since ${clock(this.since, true)}${how}. New alerts may be missing from this page. Trying again by itself; if it lasts, tell the duty manager.`,
      );
    }
  }

  /** Reads every open alert, page by page; what is not there any more goes. */
  async read(): Promise<void> {
    if (this.reading) {
      this.wanted = true;
      return;
    }
    this.reading = true;
    this.told();
    const known = this.queue.size > 0;
    try {
      this.queue.beginReading();
      let path: string | null = `alerts?work=raised&work=claimed&work=actioned&grouped=false&limit=${PAGE}`;
      while (path !== null && !this.queue.full) {
        const page: Page = (await ask<Page>(path, { background: true })).body;
        // After a gap, what came meanwhile rings as if the stream had brought it.
        for (const alert of page.items) this.queue.take(alert, known && Date.parse(alert.raised) > this.since);
        path = page.next;
        this.told();
      }
      this.queue.endReading();
    } catch (error) {
      if (!(error instanceof Away || error instanceof Refused)) throw error;
      if (!(error instanceof Refused && error.status === 401)) window.setTimeout(() => void this.read(), AGAIN_MS);
    }
    this.since = now();
    this.reading = false;
    this.told();
    if (this.wanted) {
      this.wanted = false;
      void this.read();
    }
  }
}

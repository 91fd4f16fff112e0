/** Whether the service answers at all, and whether what devices say is decided on: said on every page, until it is right again. */

import { clock, now, span } from "../shared/clock";

const EVERY_MS = 15_000;
const FIRST_MS = 1_500;
const GIVE_UP_MS = 10_000;
const MISSED = 2;

interface Health {
  checks: Record<string, string>;
}

let answered = now();
let missed = 0;

function say(words: string | null, away = false): void {
  const line = document.getElementById("banner-feed");
  if (!line) return;
  line.hidden = words === null;
  line.toggleAttribute("data-away", away);
  if (words !== null && line.textContent !== words) line.textContent = words;
}

/** What is wrong, for people; null when nothing is. */
function wordsOf(health: Health): string | null {
  const database = health.checks["database"] ?? "ok";
  if (database !== "ok") return "The database does not answer: what you see is old, and nothing can be done now. It goes on by itself.";
  const late = /(\d+) s$/.exec(health.checks["ingest"] ?? "ok");
  if (late) return `The feed is late: nothing that devices sent in the last ${span(Number(late[1]) * 1000)} was decided on. Alerts will come late.`;
  return null;
}

async function look(): Promise<void> {
  try {
    const answer = await fetch("/health", { signal: AbortSignal.timeout(GIVE_UP_MS) });
    if (!answer.ok) throw new Error(String(answer.status));
    missed = 0;
    answered = now();
    say(wordsOf((await answer.json()) as Health));
  } catch {
    missed += 1;
    if (missed >= MISSED) say(`No answer came from the service since ${clock(answered, true)}: what you see is old. It goes on by itself.`, true);
  }
}

export function watchFeed(): void {
  if (!document.documentElement.dataset["reader"]) return;
  setTimeout(() => void look(), FIRST_MS);
  setInterval(() => {
    if (!document.hidden) void look();
  }, EVERY_MS);
}

/** The session's end: told before it comes, and when it has come, a way back with nothing typed lost. */

import { takeToken } from "../shared/api";
import { now, span } from "../shared/clock";

const PATH = "/api/v1/session";
const ASK_EVERY_MS = 60_000;
const WARN_MS = 10 * 60_000;

interface Session {
  name: string;
  csrf: string | null;
  ends: string | null;
}

function banner(id: string, words: string | null): void {
  const line = document.getElementById(id);
  if (!line) return;
  line.hidden = words === null;
  if (words !== null && line.firstChild?.textContent !== words) line.replaceChildren(words);
}

function signedOut(): void {
  const line = document.getElementById("banner-away");
  if (!line || !line.hidden) return;
  line.hidden = false;
  const link = document.createElement("a");
  link.href = `/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`;
  link.className = "govuk-link";
  link.textContent = "Sign in again";
  line.replaceChildren("You are signed out: what you see is no longer live. What you typed is kept. ", link, ".");
}

async function look(): Promise<void> {
  let answer: Response;
  try {
    // What the page asks by itself keeps nobody signed in.
    answer = await fetch(PATH, { headers: { Accept: "application/json", "Bailiwick-Background": "true" }, signal: AbortSignal.timeout(15_000) });
  } catch {
    return;
  }
  if (answer.status === 401) return signedOut();
  if (!answer.ok) return;
  const session = (await answer.json()) as Session;
  if (session.name !== document.documentElement.dataset["reader"]) {
    location.reload();
    return;
  }
  if (session.csrf) takeToken(session.csrf);
  const left = session.ends ? Date.parse(session.ends) - now() : Infinity;
  banner("banner-ending", left < WARN_MS ? `Your session ends in ${span(left)}. Hand over, then sign in again.` : null);
}

export function watchSession(): void {
  document.addEventListener("bailiwick:signed-out", signedOut);
  if (!document.documentElement.dataset["reader"]) return;
  setInterval(() => void look(), ASK_EVERY_MS);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) void look();
  });
}

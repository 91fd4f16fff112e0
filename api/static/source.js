// Where the page gets its data: plain requests, and the stream, which the browser itself resumes.

import { background, changing, readSession, signedOut } from "./session.js";

const ROOT = "/api/v1";
const PATIENCE_MS = 15_000;

/** What our role may not see. */
export class Forbidden extends Error {}

/** The JSON of a path under the API; throws when it cannot be had in time, `Forbidden` when it may not be had. */
export async function get(path) {
  const response = await fetch(path.startsWith("/") ? path : `${ROOT}/${path}`, {
    headers: { Accept: "application/json", ...background() },
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  if (response.status === 401) signedOut();
  if (response.status === 403) throw new Forbidden(path);
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  return response.json();
}

/**
 * Sends JSON under a path and gives what came back as `{status, body}`; throws when nothing does. The request has a name of
 * its own, so when its answer is lost it is sent once more, and is done once all the same.
 */
export async function post(path, body, headers) {
  const request = {
    method: "POST",
    headers: { ...headers, ...(await changing()), "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() },
    body: JSON.stringify(body),
  };
  const send = () => fetch(`${ROOT}/${path}`, { ...request, signal: AbortSignal.timeout(PATIENCE_MS) });
  const response = await send().catch(send);
  if (response.status === 401) signedOut();
  // Signed in anew in another tab: from now on with that session's token.
  if (response.status === 403) await readSession();
  return { status: response.status, body: await response.json() };
}

/** Calls `work` now and then `pause` ms after it ended, again and again; not while nobody looks at the page. */
export function repeat(work, pause) {
  let timer = 0;
  const turn = async () => {
    clearTimeout(timer);
    if (document.hidden) return;
    try {
      await work();
    } finally {
      timer = setTimeout(turn, pause);
    }
  };
  document.addEventListener("visibilitychange", () => { if (!document.hidden) void turn(); });
  void turn();
  return turn;
}

/**
 * Follows the stream. `on.alert` gets each change, `on.begin` is told when lists must be read (at first, and after too
 * much was missed), `on.link` hears "live" or "lost". The browser comes back by itself with the last event's id; when
 * it gives up (a refusal instead of silence), this does.
 */
export function follow(on) {
  let lastId = null;
  const open = () => {
    const source = new EventSource(`${ROOT}/stream?kind=alert`);
    const note = (event) => { lastId = event.lastEventId; };
    source.addEventListener("hello", (event) => { note(event); on.link("live"); on.begin(); });
    source.addEventListener("reset", (event) => { note(event); on.link("live"); on.begin(); });
    source.addEventListener("resumed", (event) => { note(event); on.link("live"); });
    source.addEventListener("alert", (event) => { note(event); on.alert(JSON.parse(event.data)); });
    source.addEventListener("error", () => {
      on.link("lost");
      if (source.readyState !== EventSource.CLOSED) return;
      // Refused: perhaps nobody is signed in any more, which this says.
      void get("session").catch(() => null);
      setTimeout(open, 2_000);
    });
  };
  open();
  return () => lastId;
}

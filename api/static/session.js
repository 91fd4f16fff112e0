// Who is signed in, and what every request of the page bears: the CSRF token, and whether a person is there.

const PATH = "/api/v1/session";
const AWAY_MS = 60_000;

let now = null;
let touched = Date.now();
for (const kind of ["pointerdown", "keydown", "wheel"]) {
  addEventListener(kind, () => { touched = Date.now(); }, { passive: true, capture: true });
}

/** The session as the service tells it; null when nobody is signed in. */
export async function readSession() {
  const response = await fetch(PATH, { headers: { Accept: "application/json", ...background() } });
  now = response.ok ? await response.json() : null;
  return now;
}

/** As it was read last. */
export const session = () => now;

/** What the page asks by itself keeps nobody signed in. */
export function background() {
  return Date.now() - touched > AWAY_MS ? { "Bailiwick-Background": "true" } : {};
}

/** What goes with a change. Somebody may have signed in anew in another tab: then the token is another. */
export async function changing() {
  if (now === null) await readSession();
  return now?.csrf ? { "Bailiwick-CSRF": now.csrf } : {};
}

/** The service knows us no more. What is being typed stays; without anything typed the sign-in page comes. */
export function signedOut() {
  now = null;
  if (document.querySelector("dialog[open]") === null) location.replace("/sign-in");
}

/** Sends one change of the session itself; gives `{status, body}`. */
export async function send(method, path, body) {
  const headers = { "Content-Type": "application/json", ...(await changing()) };
  const response = await fetch(PATH + path, { method, headers, body: body && JSON.stringify(body) });
  const text = await response.text();
  const answer = { status: response.status, body: text ? JSON.parse(text) : null };
  if (response.ok) now = answer.body;
  return answer;
}

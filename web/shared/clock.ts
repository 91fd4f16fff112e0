/** The server's clock: pages never trust that of the machine they are shown on. */

const told = Number(document.documentElement.dataset["now"]);
let ahead = Number.isFinite(told) && told > 0 ? told - (performance.timeOrigin + performance.now()) : 0;

/** Milliseconds since 1970 by the server's clock. */
export const now = (): number => performance.timeOrigin + performance.now() + ahead;

/** Takes the clock of an answer that just came; its `Date` has whole seconds, so half of one is added. */
export function heard(answer: Response): void {
  const said = Date.parse(answer.headers.get("date") ?? "");
  if (!Number.isFinite(said)) return;
  const fresh = said + 500 - (performance.timeOrigin + performance.now());
  if (Math.abs(fresh - ahead) > 2_000) ahead = fresh;
}

/** "12 s", "5 min", "3 h 20 min", "2 days": a length of time, as the server writes it. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds >= 172_800) return `${Math.floor(seconds / 86_400)} days`;
  const minutes = Math.floor(seconds / 60) % 60;
  return minutes ? `${Math.floor(seconds / 3600)} h ${minutes} min` : `${Math.floor(seconds / 3600)} h`;
}

const LONDON = { timeZone: "Europe/London" } as const;
const CLOCK = new Intl.DateTimeFormat("en-GB", { ...LONDON, hour: "2-digit", minute: "2-digit", second: "2-digit" });
const SHORT = new Intl.DateTimeFormat("en-GB", { ...LONDON, hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { ...LONDON, day: "numeric", month: "short" });

/** "22:14" by the clock of the centre; the day before it when that is not today. */
export function clock(instant: string | number, seconds = false): string {
  const at = new Date(instant);
  const words = (seconds ? CLOCK : SHORT).format(at);
  return DAY.format(at) === DAY.format(now()) ? words : `${DAY.format(at)}, ${words}`;
}

/** Times and figures of the track, in words. */

const LONDON = { timeZone: "Europe/London" } as const;
const DAY = new Intl.DateTimeFormat("en-GB", { ...LONDON, weekday: "short", day: "numeric", month: "short" });
const TIME = new Intl.DateTimeFormat("en-GB", { ...LONDON, hour: "2-digit", minute: "2-digit", second: "2-digit" });
const SHORT = new Intl.DateTimeFormat("en-GB", { ...LONDON, hour: "2-digit", minute: "2-digit" });

export const localTime = (at: number): string => TIME.format(at);
export const localClock = (at: number): string => SHORT.format(at);
export const localDay = (at: number): string => DAY.format(at);
export const local = (at: number): string => `${DAY.format(at)}, ${TIME.format(at)}`;
export const utc = (at: number): string => new Date(at).toISOString().slice(0, 19).replace("T", " ");

export const SOURCES: Record<string, string> = { gps: "GPS", rf: "home unit", lbs: "mobile cell", wifi: "Wi-Fi" };

export const QUALITIES: Record<string, string> = {
  ok: "used",
  inaccurate: "not used: inaccurate",
  implausible: "not used: too fast to be true",
  future: "not used: from the future",
  ancient: "not used: too old",
  zero: "not used: no real place",
  unfitted: "not used: device on nobody",
};

export const speed = (metresPerSecond: number | null): string => (metresPerSecond === null ? "" : `${Math.round(metresPerSecond * 3.6)} km/h`);

/** Alerts as the API tells them, and how one stands to another. */

export type Severity = "critical" | "serious" | "warning" | "information";
export type Work = "raised" | "claimed" | "actioned" | "closed";

export interface Alert {
  id: string;
  episode: string;
  wearer: string | null;
  victim: string | null;
  device: string | null;
  kind: string;
  code: string | null;
  severity: Severity;
  state: "active" | "cleared";
  work: Work;
  raised: string;
  changed: string;
  withdrawn: boolean;
  grouped_under: string | null;
  revision: string;
  holder: string | null;
  claim_ends: string | null;
  unclaimed_since: string | null;
  outcome: string | null;
  closed: string | null;
  closed_by: string | null;
  happened: string | null;
  late: boolean;
}

export const SEVERITIES: readonly Severity[] = ["critical", "serious", "warning", "information"];
const RANK: Record<Severity, number> = { critical: 0, serious: 1, warning: 2, information: 3 };

export const rank = (alert: Alert): number => RANK[alert.severity];

/** Numbers of 64 bits stay strings: by length, then by digits. */
export const byNumber = (a: string, b: string): number => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);

/** Instants of the API are all written alike, so they compare as they are. */
const byTime = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The worse first: by severity, what still goes on, what nobody has, what waits longest. */
export function worse(a: Alert, b: Alert): number {
  return (
    rank(a) - rank(b) ||
    Number(a.state === "cleared") - Number(b.state === "cleared") ||
    Number(a.work !== "raised") - Number(b.work !== "raised") ||
    byTime(a.raised, b.raised) ||
    byNumber(a.id, b.id)
  );
}

/** The newest first. */
export const newer = (a: Alert, b: Alert): number => byTime(b.raised, a.raised) || byNumber(b.id, a.id);

/** Whether somebody must still see to it, by itself: what an incident holds is told by the incident. */
export const isOpen = (alert: Alert): boolean => alert.work !== "closed" && !alert.withdrawn && alert.grouped_under === null;

/** Of whom or what it is: alerts of one subject stand in one line. */
export function subjectOf(alert: Alert): string {
  if (alert.wearer) return `wearer ${alert.wearer}`;
  if (alert.victim) return `victim ${alert.victim}`;
  if (alert.device) return `device ${alert.device}`;
  return `episode ${alert.episode}`;
}

/** Whether it still goes on, or was learnt as it happened: what was late and is over makes no sound. */
export const isUrgent = (alert: Alert): boolean => !alert.late || alert.state === "active";

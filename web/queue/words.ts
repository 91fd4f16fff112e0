/** What the queue says of alerts. The tables are the server's (`/words.json`), in the page when it comes. */

import { clock, now, span } from "../shared/clock";
import type { Alert } from "./alert";

export interface Tables {
  kinds: Record<string, string>;
  codes: Record<string, string>;
  severities: Record<string, string>;
  outcomes: Record<string, string>;
  done: Record<string, string>;
  whom: Record<string, string>;
}

let tables: Tables = { kinds: {}, codes: {}, severities: {}, outcomes: {}, done: {}, whom: {} };

export function useTables(given: Tables): void {
  tables = given;
}

export const sentence = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1).replaceAll("_", " ");
export const kindWords = (kind: string): string => tables.kinds[kind] ?? sentence(kind);
export const alertWords = (alert: Pick<Alert, "kind" | "code">): string => tables.codes[alert.code ?? ""] ?? kindWords(alert.kind);
export const severityWords = (severity: string): string => tables.severities[severity] ?? sentence(severity);
export const outcomeWords = (outcome: string): string => tables.outcomes[outcome] ?? sentence(outcome);
/** Whom a protocol tells: "supervisor", "police". */
export const whomWords = (target: string): string => (tables.whom[target] ?? target.replaceAll("_", " ")).replace(/^the /, "");
export const kindsInWords = (): [string, string][] => Object.entries(tables.kinds).sort((a, b) => a[1].localeCompare(b[1]));

export const plural = (number: number, one: string, more = `${one}s`): string =>
  `${number.toLocaleString("en-GB")} ${number === 1 ? one : more}`;

/** "happened 03:10, learnt 07:55": of what was learnt late; else empty. */
export function lateWords(alert: Alert): string {
  if (!alert.late || !alert.happened) return "";
  return `happened ${clock(alert.happened)}, learnt ${clock(alert.raised)}`;
}

/** How long ago, by the server's clock. */
export const ago = (instant: string): string => span(now() - Date.parse(instant));

/** How long it is until then; empty when it is over. */
export function left(instant: string): string {
  const ms = Date.parse(instant) - now();
  return ms > 0 ? span(ms) : "";
}

/** Who did what when, of a change that was faster than ours. */
export function fasterWords(problem: Record<string, unknown>): string {
  const changed = problem["changed"] as { event: string | null; by: string | null; at: string | null } | undefined;
  if (!changed?.event) return "";
  const who = changed.by ?? "The service";
  return `${who} ${tables.done[changed.event] ?? changed.event}${changed.at ? ` at ${clock(changed.at, true)}` : ""}`;
}

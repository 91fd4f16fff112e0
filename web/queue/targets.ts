/** Which alerts of some lines something is done to. */

import type { Alert } from "./alert";
import type { Line } from "./queue";

export interface Reader {
  name: string;
  works: boolean;
  senior: boolean;
}

const isFree = (alert: Alert, reader: Reader): boolean => alert.holder === null || alert.holder === reader.name || reader.senior;

const all = (lines: readonly Line[]): Alert[] => lines.flatMap((line) => [...line.alerts]);

/** All that the reader has not and may take; those that they have, when that is all: their claim begins anew. */
export function toClaim(lines: readonly Line[], reader: Reader): Alert[] {
  const free = all(lines).filter((alert) => isFree(alert, reader));
  const others = free.filter((alert) => alert.holder !== reader.name);
  return others.length ? others : free;
}

export const toRelease = (lines: readonly Line[], reader: Reader): Alert[] =>
  all(lines).filter((alert) => alert.holder !== null && isFree(alert, reader));

export const toAct = (lines: readonly Line[], reader: Reader): Alert[] => all(lines).filter((alert) => isFree(alert, reader));

/** The worst of each line: who is above is told once of each. */
export const toEscalate = (lines: readonly Line[]): Alert[] => lines.filter((line) => !line.over).map((line) => line.lead);

/** A critical alert closes only from its page, with the evidence shown. */
export const toClose = (lines: readonly Line[], reader: Reader): Alert[] =>
  toAct(lines, reader).filter((alert) => alert.severity !== "critical");

export const criticalOf = (lines: readonly Line[]): Alert[] => all(lines).filter((alert) => alert.severity === "critical");

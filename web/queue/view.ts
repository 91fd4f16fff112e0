/** What the queue shows, as its address says it. */

import { SEVERITIES, isOpen, type Alert, type Severity } from "./alert";
import { alertWords } from "./words";

export type Sort = "worst" | "newest";
export type Held = "" | "nobody" | "me" | "other";

export interface View {
  held: Held;
  state: "" | "active" | "cleared";
  severities: readonly Severity[];
  kind: string;
  area: string;
  text: string;
  sort: Sort;
}

export const ALL: View = { held: "", state: "", severities: [], kind: "", area: "", text: "", sort: "worst" };

/** The views that everybody has. */
export const QUICK: readonly { name: string; words: string; key: string; view: View }[] = [
  { name: "all", words: "All open", key: "1", view: ALL },
  { name: "unclaimed", words: "Active and unclaimed", key: "2", view: { ...ALL, held: "nobody", state: "active" } },
  { name: "mine", words: "Mine", key: "3", view: { ...ALL, held: "me" } },
];

/** Whom a view is for, and what is known of the people in it. */
export interface Known {
  me: string;
  nameOf(wearer: string): string;
  areasOf(wearer: string): readonly string[];
}

const one = <Value extends string>(given: string | null, of: readonly Value[]): Value | "" => of.find((value) => value === given) ?? "";

export function readView(query: string): View {
  const given = new URLSearchParams(query);
  return {
    held: one(given.get("held"), ["nobody", "me", "other"]),
    state: one(given.get("state"), ["active", "cleared"]),
    severities: SEVERITIES.filter((severity) => given.getAll("severity").includes(severity)),
    kind: given.get("kind") ?? "",
    area: given.get("area") ?? "",
    text: given.get("text") ?? "",
    sort: one(given.get("sort"), ["newest"]) || "worst",
  };
}

/** The part of the address after `?`; empty for all that is open. */
export function writeView(view: View): string {
  const told = new URLSearchParams();
  if (view.held) told.set("held", view.held);
  if (view.state) told.set("state", view.state);
  for (const severity of view.severities) told.append("severity", severity);
  if (view.kind) told.set("kind", view.kind);
  if (view.area) told.set("area", view.area);
  if (view.text) told.set("text", view.text);
  if (view.sort !== "worst") told.set("sort", view.sort);
  return told.toString();
}

export const sameView = (a: View, b: View): boolean => writeView({ ...a, sort: "worst" }) === writeView({ ...b, sort: "worst" });

function isHeld(alert: Alert, held: Held, me: string): boolean {
  if (held === "nobody") return alert.holder === null;
  if (held === "me") return alert.holder === me;
  return held !== "other" || (alert.holder !== null && alert.holder !== me);
}

/** A test of whether an alert is in the view. */
export function fits(view: View, known: Known): (alert: Alert) => boolean {
  const severities = new Set(view.severities);
  const text = view.text.trim().toLowerCase();
  return (alert) => {
    if (!isOpen(alert)) return false;
    if (severities.size > 0 && !severities.has(alert.severity)) return false;
    if (view.state && alert.state !== view.state) return false;
    if (view.held && !isHeld(alert, view.held, known.me)) return false;
    if (view.kind && alert.kind !== view.kind) return false;
    if (view.area && !(alert.wearer && known.areasOf(alert.wearer).includes(view.area))) return false;
    if (!text) return true;
    const ids = [alert.wearer, alert.victim, alert.device, alert.id, alert.holder];
    const words = [...ids, alert.wearer && known.nameOf(alert.wearer), alertWords(alert), alert.code];
    return words.some((word) => word?.toLowerCase().includes(text));
  };
}

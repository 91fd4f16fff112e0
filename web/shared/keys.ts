/**
 * Keys of a page. Single letters can be changed or switched off (WCAG 2.1.4); what was chosen is kept in this browser for the
 * reader who is signed in. `?` shows them all.
 */

export interface Key {
  /** What it does: the name under which another key is kept. */
  name: string;
  key: string;
  words: string;
  /** Where in the list it stands. */
  group: string;
  act(event: KeyboardEvent): void;
}

interface Chosen {
  off: boolean;
  keys: Record<string, string>;
}

const reader = document.documentElement.dataset["reader"] ?? "";
const PLACE = `bailiwick:keys:${reader}`;
const known = new Map<string, Key>();

function chosen(): Chosen {
  try {
    const kept = JSON.parse(localStorage.getItem(PLACE) ?? "{}") as Partial<Chosen>;
    return { off: kept.off === true, keys: kept.keys ?? {} };
  } catch {
    return { off: false, keys: {} };
  }
}

let now = chosen();

function keep(): void {
  localStorage.setItem(PLACE, JSON.stringify(now));
}

/** The key that does `name` as things are chosen; empty when keys are off. */
export const keyOf = (name: string): string => (now.off ? "" : (now.keys[name] ?? known.get(name)?.key ?? ""));

export const keysAreOff = (): boolean => now.off;

/** Adds keys to this page. */
export function addKeys(keys: readonly Key[]): void {
  for (const key of keys) known.set(key.name, key);
}

/** All that there are, by their groups, in the order in which they were added. */
export function allKeys(): Map<string, Key[]> {
  const groups = new Map<string, Key[]>();
  for (const key of known.values()) groups.set(key.group, [...(groups.get(key.group) ?? []), key]);
  return groups;
}

/** Chooses another key; gives the words why not. */
export function chooseKey(name: string, key: string): string | null {
  if ([...key].length !== 1 || key === " " || key === "?") return "Give one letter, digit or sign, not ? or the space bar.";
  const other = [...known.values()].find((one) => one.name !== name && keyOf(one.name) === key);
  if (other) return `${key} already means: ${other.words}.`;
  now.keys[name] = key;
  keep();
  return null;
}

export function switchKeys(off: boolean): void {
  now.off = off;
  keep();
}

export function forgetChoices(): void {
  now = { off: false, keys: {} };
  keep();
}

const TYPED = "input:not([type=checkbox]):not([type=radio]):not([type=button]):not([type=submit]), textarea, select, [contenteditable]";

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const typed = (event.target as Element | null)?.closest<HTMLElement>(TYPED);
  // Whoever is done typing leaves the field: then letters are keys again.
  if (event.key === "Escape" && !event.isComposing) typed?.blur();
  if (now.off || typed) return;
  for (const key of known.values()) {
    if (keyOf(key.name) !== event.key) continue;
    event.preventDefault();
    key.act(event);
    return;
  }
});

/** What is typed into a dialog stays in this tab until it was done: a lost session or a refusal loses none of it. */

const PLACE = `bailiwick:draft:${document.documentElement.dataset["reader"] ?? ""}:queue`;

export type Fields = Record<string, string>;

export interface Draft {
  kind: string;
  keys: string[];
  fields: Fields;
}

export function keepDraft(draft: Draft): void {
  sessionStorage.setItem(PLACE, JSON.stringify(draft));
}

export function readDraft(): Draft | null {
  try {
    return JSON.parse(sessionStorage.getItem(PLACE) ?? "null") as Draft | null;
  } catch {
    return null;
  }
}

export function dropDraft(): void {
  sessionStorage.removeItem(PLACE);
}

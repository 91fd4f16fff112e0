/** Views that somebody saved, and those that a supervisor shares with all. */

import { ask, post } from "../shared/api";
import { readView, writeView, type View } from "./view";

export interface Saved {
  id: string;
  name: string;
  owner: string;
  shared: boolean;
  view: View;
}

export interface SavedView {
  id: string;
  name: string;
  owner: string;
  shared: boolean;
  query: string;
}

export const savedOf = (one: SavedView): Saved => ({ ...one, view: readView(one.query) });

export async function saveView(name: string, view: View, shared: boolean, key: string): Promise<Saved> {
  const answer = await post<SavedView>("views", { name, query: writeView(view), shared }, { key });
  return savedOf(answer.body);
}

export async function dropView(saved: Saved): Promise<void> {
  await ask(`views/${saved.id}`, { method: "DELETE" });
}

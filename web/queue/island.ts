/** What the page came with: the first alerts, the names of those people, the saved views, the words, and who reads. */

import type { Alert } from "./alert";
import type { Name } from "./names";
import type { SavedView } from "./saved";
import type { Reader } from "./targets";
import type { Tables } from "./words";

export interface Island {
  items: Alert[];
  names: Name[];
  views: SavedView[];
  words: Tables;
  reader: Reader & { desk: boolean };
}

export const readIsland = (): Island => JSON.parse(document.getElementById("queue-data")?.textContent ?? "{}") as Island;

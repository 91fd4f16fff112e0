/** What the wearers of the queue are called: asked for together, a few hundred at most at once, and kept. */

import { ask } from "../shared/api";

export interface Name {
  id: string;
  name: string;
  level: string;
  areas: string[];
}

const AT_ONCE = 200;
const AGAIN_MS = 5_000;

export class Names {
  private known = new Map<string, Name>();
  private wanted = new Set<string>();
  private asking = false;

  constructor(private readonly told: () => void) {}

  add(names: readonly Name[]): void {
    for (const name of names) this.known.set(name.id, name);
  }

  nameOf = (wearer: string): string => this.known.get(wearer)?.name ?? "";
  areasOf = (wearer: string): readonly string[] => this.known.get(wearer)?.areas ?? [];
  levelOf = (wearer: string): string => this.known.get(wearer)?.level ?? "";

  areas(): string[] {
    const found = new Set<string>();
    for (const name of this.known.values()) for (const area of name.areas) found.add(area);
    return [...found].sort();
  }

  /** Asks for those of these that are not known. */
  want(wearers: Iterable<string>): void {
    for (const wearer of wearers) if (!this.known.has(wearer)) this.wanted.add(wearer);
    if (this.wanted.size > 0 && !this.asking) void this.read();
  }

  private async read(): Promise<void> {
    this.asking = true;
    try {
      while (this.wanted.size > 0) {
        const some = [...this.wanted].slice(0, AT_ONCE);
        const query = new URLSearchParams(some.map((wearer) => ["wearer", wearer]));
        const found = (await ask<{ items: Name[] }>(`names?${query}`, { background: true })).body;
        // Whoever has no name in sight is not asked for again.
        for (const wearer of some) this.known.set(wearer, { id: wearer, name: "", level: "", areas: [] });
        this.add(found.items);
        for (const wearer of some) this.wanted.delete(wearer);
        this.told();
      }
    } catch {
      window.setTimeout(() => this.want([]), AGAIN_MS);
    }
    this.asking = false;
  }
}

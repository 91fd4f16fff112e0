/** Who is where: typed arrays by row, in no order; no object a wearer. Ids, places in metres of the map, times, and the worst open alert of each. */

import { mapX, mapY } from "../shared/geo";

/** A position of the API, so far as the map takes it. */
export interface Position {
  wearer: string;
  t: string;
  lon: number;
  lat: number;
  acc: number;
}

const FIRST_ROOM = 1_024;

export class Fleet {
  ids: string[] = [];
  x = new Float64Array(FIRST_ROOM);
  y = new Float64Array(FIRST_ROOM);
  /** Fix times, ms since 1970. */
  t = new Float64Array(FIRST_ROOM);
  acc = new Float32Array(FIRST_ROOM);
  /** The worst open alert: its place in `LEVELS`. */
  level = new Uint8Array(FIRST_ROOM);
  /** Grows whenever something is other than it was. */
  version = 0;
  private rows = new Map<string, number>();
  private levels: ReadonlyMap<string, number> = new Map();

  get count(): number {
    return this.ids.length;
  }

  rowOf(wearer: string): number | undefined {
    return this.rows.get(wearer);
  }

  /** Everybody anew. */
  set(items: readonly Position[]): void {
    const kept = new Set(items.map((item) => item.wearer));
    for (const wearer of [...this.ids]) if (!kept.has(wearer)) this.drop(wearer);
    this.move(items, []);
  }

  /** Those who moved, and those who are not to be shown any more. What is older than what is shown changes nothing. */
  move(items: readonly Position[], gone: readonly string[]): void {
    for (const item of items) {
      const t = Date.parse(item.t);
      const row = this.rows.get(item.wearer) ?? this.add(item.wearer);
      if (t < this.t[row]!) continue;
      this.x[row] = mapX(item.lon);
      this.y[row] = mapY(item.lat);
      this.t[row] = t;
      this.acc[row] = item.acc;
    }
    for (const wearer of gone) this.drop(wearer);
    if (items.length || gone.length) this.version += 1;
  }

  /** The worst open alert of each wearer who has one. */
  mark(levels: ReadonlyMap<string, number>): void {
    this.levels = levels;
    for (let row = 0; row < this.ids.length; row += 1) this.level[row] = levels.get(this.ids[row]!) ?? 0;
    this.version += 1;
  }

  /** The row nearest to a place, of the worst level that is near enough when `worst`; -1 for nobody. */
  nearest(x: number, y: number, within: number, worst: boolean): number {
    let best = -1;
    let bestRank = Infinity;
    const square = within * within;
    for (let row = 0; row < this.ids.length; row += 1) {
      const dx = this.x[row]! - x;
      const dy = this.y[row]! - y;
      const distance = dx * dx + dy * dy;
      if (distance > square) continue;
      // Half of the reach is forgiven a worse alert: it is drawn above the others.
      const rank = worst ? distance - (this.level[row]! / 8) * square : distance;
      if (rank < bestRank) {
        bestRank = rank;
        best = row;
      }
    }
    return best;
  }

  /** The rows inside an extent. */
  inside(extent: readonly number[], most = Infinity): number[] {
    const [west, south, east, north] = extent as [number, number, number, number];
    const found: number[] = [];
    for (let row = 0; row < this.ids.length && found.length < most; row += 1) {
      if (this.x[row]! >= west && this.x[row]! <= east && this.y[row]! >= south && this.y[row]! <= north) found.push(row);
    }
    return found;
  }

  private add(wearer: string): number {
    const row = this.ids.length;
    if (row === this.x.length) this.grow(row * 2);
    this.ids.push(wearer);
    this.rows.set(wearer, row);
    this.t[row] = 0;
    this.level[row] = this.levels.get(wearer) ?? 0;
    return row;
  }

  private drop(wearer: string): void {
    const row = this.rows.get(wearer);
    if (row === undefined) return;
    const last = this.ids.length - 1;
    const moved = this.ids[last]!;
    for (const column of [this.x, this.y, this.t, this.acc, this.level]) column[row] = column[last]!;
    this.ids[row] = moved;
    this.rows.set(moved, row);
    this.ids.pop();
    this.rows.delete(wearer);
    this.version += 1;
  }

  private grow(room: number): void {
    const larger = <Column extends Float64Array | Float32Array | Uint8Array>(column: Column, made: Column): Column => {
      made.set(column);
      return made;
    };
    this.x = larger(this.x, new Float64Array(room));
    this.y = larger(this.y, new Float64Array(room));
    this.t = larger(this.t, new Float64Array(room));
    this.acc = larger(this.acc, new Float32Array(room));
    this.level = larger(this.level, new Uint8Array(room));
  }
}

/** Far out: how many are where, on a grid that belongs to the ground, so that nothing flickers while the map is moved. */

import type { Fleet } from "./fleet";

export interface Cell {
  x: number;
  y: number;
  count: number;
}

/** How far from its cell's middle a count stands at most, in parts of the cell. */
const FROM_MIDDLE = 0.2;
const OFFSET = 1 << 20;
const SPAN = 1 << 21;

/** The cells of so many metres of the map in which somebody is, with the middle of those who are there. */
export function crowds(fleet: Fleet, cell: number): Cell[] {
  const cells = new Map<number, Cell>();
  for (let row = 0; row < fleet.count; row += 1) {
    const x = fleet.x[row]!;
    const y = fleet.y[row]!;
    const key = (Math.floor(x / cell) + OFFSET) * SPAN + Math.floor(y / cell) + OFFSET;
    const found = cells.get(key);
    if (found) {
      found.x += x;
      found.y += y;
      found.count += 1;
    } else cells.set(key, { x, y, count: 1 });
  }
  const made = [...cells.values()];
  for (const one of made) {
    one.x = near(one.x / one.count, cell);
    one.y = near(one.y / one.count, cell);
  }
  return made;
}

/** The middle of those who are in a cell, drawn towards the cell's own, so that the counts of neighbours stand clear of each other. */
function near(at: number, cell: number): number {
  const middle = (Math.floor(at / cell) + 0.5) * cell;
  const most = cell * FROM_MIDDLE;
  return middle + Math.min(most, Math.max(-most, at - middle));
}

/** `crowds`, kept until somebody moved or the cells are others. */
export class Crowds {
  private kept: { version: number; cell: number; cells: Cell[] } | null = null;

  of(fleet: Fleet, cell: number): Cell[] {
    if (this.kept?.version !== fleet.version || this.kept.cell !== cell) {
      this.kept = { version: fleet.version, cell, cells: crowds(fleet, cell) };
    }
    return this.kept.cells;
  }
}

/** Far out: how many are where, on a grid that belongs to the ground, so that nothing flickers while the map is moved. */

import type { Fleet } from "./fleet";

export interface Cell {
  x: number;
  y: number;
  count: number;
}

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
    one.x /= one.count;
    one.y /= one.count;
  }
  return made;
}

/** Cells so near to each other that their counts would cover one another, as one; `wide` and `high` are the size of a count. */
export function joined(cells: readonly Cell[], wide: number, high: number): Cell[] {
  const made: Cell[] = [];
  for (const cell of [...cells].sort((a, b) => b.count - a.count)) {
    const near = made.find((one) => Math.abs(one.x - cell.x) < wide && Math.abs(one.y - cell.y) < high);
    if (!near) {
      made.push({ ...cell });
      continue;
    }
    const count = near.count + cell.count;
    near.x = (near.x * near.count + cell.x * cell.count) / count;
    near.y = (near.y * near.count + cell.y * cell.count) / count;
    near.count = count;
  }
  return made;
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

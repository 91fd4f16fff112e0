/**
 * The wearers, in one canvas. It is larger than the window and is drawn again when what it shows has changed or the view has left it;
 * while the map is dragged it is only moved. Canvas alone: a machine without a graphics card draws it as well as any.
 */

import Layer from "ol/layer/Layer";
import Source from "ol/source/Source";
import type { FrameState } from "ol/Map";
import { stretch } from "../shared/geo";
import { Crowds, joined, type Cell } from "./crowd";
import type { Fleet } from "./fleet";
import { SIGN_PX, signs } from "./signs";

/** Beyond the window at each side, in parts of it. */
const MARGIN = 0.125;
/** More than so many in the window are a crowd. */
const CROWD = 1_200;
const CELL_PX = 64;
const WASH_PX = 12;
/** So few in a cell are drawn as they are. */
const FEW = 8;
/** A count, as it is drawn. */
const COUNT_PX = { wide: 58, high: 34 };
const SERIOUS = 3;
/** Between two drawings while the map is moved or somebody moves, ms. */
const SOONEST_MS = 120;
const FONT = '700 13px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", Arial, sans-serif';

interface Drawn {
  x: number;
  y: number;
  resolution: number;
  width: number;
  height: number;
  version: number;
  at: number;
}

export class WearersLayer extends Layer {
  /** The row that was picked; -1 for none. */
  private pickedId: string | null = null;
  private readonly canvas = document.createElement("canvas");
  private readonly paint = this.canvas.getContext("2d")!;
  private readonly crowds = new Crowds();
  private readonly washes = new Crowds();
  private sprites: { ratio: number; made: HTMLCanvasElement[] } | null = null;
  private drawn: Drawn | null = null;
  private looks = 0;

  constructor(
    private readonly fleet: Fleet,
    /** Fixes from before are old, ms since 1970. */
    private readonly oldBefore: () => number,
  ) {
    super({ source: new Source({}), zIndex: 10, className: "bw-wearers" });
    this.canvas.className = "bw-wearers";
    this.canvas.style.position = "absolute";
    this.canvas.style.pointerEvents = "none";
    this.canvas.setAttribute("aria-hidden", "true");
  }

  get picked(): string | null {
    return this.pickedId;
  }

  set picked(wearer: string | null) {
    this.pickedId = wearer;
    this.looks += 1;
    this.changed();
  }

  /** Somebody moved, or is old by now. */
  redraw(): void {
    this.looks += 1;
    this.changed();
  }

  override render(frame: FrameState | null): HTMLElement | null {
    if (!frame) return null;
    const [width, height] = frame.size as [number, number];
    const { center, resolution } = frame.viewState;
    const [x, y] = center as [number, number];
    const now = performance.now();
    const version = this.fleet.version + this.looks;
    const last = this.drawn;
    const fits = last !== null && last.resolution === resolution && last.width === width && last.height === height;
    const dx = last ? (last.x - x) / resolution : 0;
    const dy = last ? (y - last.y) / resolution : 0;
    const inside = fits && Math.abs(dx) < width * MARGIN && Math.abs(dy) < height * MARGIN;
    const soon = last !== null && now - last.at < SOONEST_MS;
    if (inside && (last.version === version || soon)) {
      this.canvas.style.transform = `translate(${Math.round(dx)}px, ${Math.round(dy)}px)`;
      if (last.version !== version) window.setTimeout(() => this.changed(), SOONEST_MS);
      return this.canvas;
    }
    this.drawn = { x, y, resolution, width, height, version, at: now };
    this.draw(this.drawn, Math.min(frame.pixelRatio, 2));
    this.canvas.style.transform = "none";
    return this.canvas;
  }

  private draw(at: Drawn, ratio: number): void {
    const { canvas, paint } = this;
    const [left, top] = [Math.round(at.width * MARGIN), Math.round(at.height * MARGIN)];
    const [wide, high] = [at.width + 2 * left, at.height + 2 * top];
    if (canvas.width !== Math.round(wide * ratio) || canvas.height !== Math.round(high * ratio)) {
      canvas.width = Math.round(wide * ratio);
      canvas.height = Math.round(high * ratio);
      Object.assign(canvas.style, { width: `${wide}px`, height: `${high}px`, left: `${-left}px`, top: `${-top}px` });
    } else {
      paint.setTransform(1, 0, 0, 1, 0, 0);
      paint.clearRect(0, 0, canvas.width, canvas.height);
    }
    if (this.sprites?.ratio !== ratio) this.sprites = { ratio, made: signs(ratio) };
    const reach = [(wide / 2) * at.resolution, (high / 2) * at.resolution] as const;
    const rows = this.fleet.inside([at.x - reach[0], at.y - reach[1], at.x + reach[0], at.y + reach[1]]);
    const px = (x: number): number => (x - at.x) / at.resolution + wide / 2;
    const py = (y: number): number => (at.y - y) / at.resolution + high / 2;
    paint.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (rows.length > CROWD) this.drawCrowd(rows, at.resolution, px, py, ratio);
    else this.drawAll(rows, 0, px, py, ratio);
    this.drawPicked(px, py, at.resolution);
  }

  /** The rows, the worst above the others. */
  private drawAll(rows: readonly number[], from: number, px: (x: number) => number, py: (y: number) => number, ratio: number): void {
    const { fleet, paint } = this;
    const made = this.sprites!.made;
    const old = this.oldBefore();
    const byLevel: number[][] = [[], [], [], [], []];
    for (const row of rows) byLevel[fleet.level[row]!]!.push(row);
    paint.setTransform(1, 0, 0, 1, 0, 0);
    const half = (SIGN_PX * ratio) / 2;
    for (let level = from; level < byLevel.length; level += 1) {
      for (const row of byLevel[level]!) {
        const sprite = made[level * 2 + (fleet.t[row]! < old ? 1 : 0)]!;
        paint.drawImage(sprite, Math.round(px(fleet.x[row]!) * ratio - half), Math.round(py(fleet.y[row]!) * ratio - half));
      }
    }
    paint.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  private drawCrowd(rows: readonly number[], resolution: number, px: (x: number) => number, py: (y: number) => number, ratio: number): void {
    const { fleet, paint } = this;
    // Cells of a power of two, so that they are the same while the view goes nearer by less than that.
    const step = 2 ** Math.round(Math.log2(resolution));
    this.wash(this.washes.of(fleet, step * WASH_PX), (step * WASH_PX) / resolution, px, py);
    const cells = this.crowds.of(fleet, step * CELL_PX);
    const [east, south] = [this.canvas.width / ratio, this.canvas.height / ratio];
    const few = new Set<string>();
    const shown: Cell[] = [];
    for (const cell of cells) {
      const [x, y] = [px(cell.x), py(cell.y)];
      if (x < -40 || y < -40 || x > east + 40 || y > south + 40) continue;
      if (cell.count > FEW) shown.push(cell);
      else few.add(`${Math.floor(cell.x / (step * CELL_PX))} ${Math.floor(cell.y / (step * CELL_PX))}`);
    }
    const alone = rows.filter(
      (row) => fleet.level[row]! >= SERIOUS || few.has(`${Math.floor(fleet.x[row]! / (step * CELL_PX))} ${Math.floor(fleet.y[row]! / (step * CELL_PX))}`),
    );
    this.drawAll(alone.filter((row) => fleet.level[row]! < SERIOUS), 0, px, py, ratio);
    this.counts(joined(shown, COUNT_PX.wide * resolution, COUNT_PX.high * resolution), px, py);
    this.drawAll(alone.filter((row) => fleet.level[row]! >= SERIOUS), SERIOUS, px, py, ratio);
  }

  /** The darker, the more. */
  private wash(cells: readonly Cell[], size: number, px: (x: number) => number, py: (y: number) => number): void {
    const { paint } = this;
    for (const cell of cells) {
      const shade = Math.min(0.5, 0.12 + Math.log2(cell.count) * 0.06);
      const radius = size * (0.45 + Math.min(0.4, Math.log2(cell.count) * 0.06));
      paint.fillStyle = `rgba(29, 74, 110, ${shade.toFixed(3)})`;
      paint.beginPath();
      paint.arc(px(cell.x), py(cell.y), radius, 0, 2 * Math.PI);
      paint.fill();
    }
  }

  private counts(cells: readonly Cell[], px: (x: number) => number, py: (y: number) => number): void {
    const { paint } = this;
    paint.font = FONT;
    paint.textAlign = "center";
    paint.textBaseline = "middle";
    for (const cell of [...cells].sort((a, b) => a.count - b.count)) {
      const words = cell.count.toLocaleString("en-GB");
      const [x, y] = [Math.round(px(cell.x)), Math.round(py(cell.y))];
      const wide = paint.measureText(words).width + 14;
      paint.beginPath();
      paint.roundRect(x - wide / 2, y - 11, wide, 22, 11);
      paint.fillStyle = "#1d3648";
      paint.fill();
      paint.lineWidth = 1.5;
      paint.strokeStyle = "#ffffff";
      paint.stroke();
      paint.fillStyle = "#ffffff";
      paint.fillText(words, x, y + 0.5);
    }
  }

  private drawPicked(px: (x: number) => number, py: (y: number) => number, resolution: number): void {
    const row = this.pickedId === null ? undefined : this.fleet.rowOf(this.pickedId);
    if (row === undefined) return;
    const { paint, fleet } = this;
    const [x, y] = [px(fleet.x[row]!), py(fleet.y[row]!)];
    const radius = (fleet.acc[row]! * stretch(fleet.y[row]!)) / resolution;
    if (radius > 4) {
      paint.beginPath();
      paint.arc(x, y, radius, 0, 2 * Math.PI);
      paint.fillStyle = "rgba(29, 90, 134, 0.1)";
      paint.fill();
      paint.lineWidth = 1;
      paint.strokeStyle = "rgba(29, 90, 134, 0.7)";
      paint.stroke();
    }
    for (const [width, colour] of [[6, "#ffffff"], [3, "#0b0c0c"]] as const) {
      paint.lineWidth = width;
      paint.strokeStyle = colour;
      paint.beginPath();
      paint.arc(x, y, 15, 0, 2 * Math.PI);
      paint.stroke();
    }
  }
}

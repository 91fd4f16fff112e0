// The map: one canvas, an outline from our own files, and a point a wearer. 18,000 points are drawn again on each frame.

import { Outline } from "./outline.js";
import { View } from "./view.js";
import { TOWNS } from "./towns.js";

const OLD_MS = 600_000;
const NEAR_PX = 14;
const PICK_PX = 12;

export class WearerMap {
  constructor(canvas, onPick) {
    this.canvas = canvas;
    this.paint = canvas.getContext("2d", { alpha: false });
    this.view = new View(canvas, () => this.redraw());
    this.onPick = onPick;
    this.outline = null;
    this.wearers = [];
    this.items = new Map();
    this.xs = new Float64Array(0);
    this.ys = new Float64Array(0);
    this.old = new Uint8Array(0);
    this.alerting = new Map();
    this.picked = null;
    this.waiting = false;
    this.readColours();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { this.readColours(); this.redraw(); });
    new ResizeObserver(() => this.resize()).observe(canvas);
    this.view.onClick = (x, y) => this.pick(x, y);
  }

  readColours() {
    const style = getComputedStyle(document.documentElement);
    this.colours = {};
    for (const name of ["sea", "land", "home-land", "coast", "town", "point", "point-old", "critical", "serious", "picked"]) {
      this.colours[name] = style.getPropertyValue(`--map-${name}`).trim();
    }
  }

  async load(url) {
    this.outline = new Outline(await (await fetch(url)).json());
    this.redraw();
  }

  resize() {
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    const box = this.canvas.getBoundingClientRect();
    this.canvas.width = Math.max(1, Math.round(box.width * ratio));
    this.canvas.height = Math.max(1, Math.round(box.height * ratio));
    this.view.resize(box.width, box.height, ratio);
    this.redraw();
  }

  /** The newest positions, as the API gives them. */
  show(items, nowMs) {
    this.items = new Map(items.map((item, at) => [item.wearer, at]));
    this.wearers = items;
    this.xs = Float64Array.from(items, (item) => View.worldX(item.lon));
    this.ys = Float64Array.from(items, (item) => View.worldY(item.lat));
    this.old = Uint8Array.from(items, (item) => (nowMs - Date.parse(item.t) > OLD_MS ? 1 : 0));
    if (this.picked !== null) this.onPick(this.position(this.picked));
    this.redraw();
  }

  /** Who has an active critical or serious alert: wearer to severity. */
  mark(alerting) {
    this.alerting = alerting;
    this.redraw();
  }

  position(wearer) {
    const at = this.items.get(wearer);
    return at === undefined ? null : this.wearers[at];
  }

  /** Shows one wearer in the middle; false when there is no position of that name. */
  find(wearer) {
    const item = this.position(wearer);
    if (!item) return false;
    this.picked = wearer;
    this.view.centre(View.worldX(item.lon), View.worldY(item.lat));
    this.onPick(item);
    return true;
  }

  forget() {
    this.picked = null;
    this.onPick(null);
    this.redraw();
  }

  pick(x, y) {
    let best = -1;
    let bestDistance = PICK_PX * PICK_PX;
    const { scale, left, top } = this.view.transform();
    for (let at = 0; at < this.xs.length; at += 1) {
      const dx = this.xs[at] * scale + left - x;
      const dy = this.ys[at] * scale + top - y;
      const distance = dx * dx + dy * dy;
      if (distance <= bestDistance) {
        bestDistance = distance;
        best = at;
      }
    }
    this.picked = best < 0 ? null : this.wearers[best].wearer;
    this.onPick(best < 0 ? null : this.wearers[best]);
    this.redraw();
  }

  redraw() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.draw();
    });
  }

  draw() {
    const { paint, view, colours } = this;
    const { scale, left, top } = view.transform();
    paint.setTransform(view.ratio, 0, 0, view.ratio, 0, 0);
    paint.fillStyle = colours.sea;
    paint.fillRect(0, 0, view.width, view.height);
    if (this.outline) this.outline.draw(paint, view, colours);
    const size = Math.max(1.6, Math.min(5, view.zoom() * 0.55));
    this.drawPoints(scale, left, top, size * 0.7, 1, colours["point-old"]);
    this.drawPoints(scale, left, top, size, 0, colours.point);
    this.drawAlerting(scale, left, top);
    this.drawTowns(scale, left, top);
    this.drawPicked(scale, left, top);
  }

  drawPoints(scale, left, top, size, old, colour) {
    const { paint, xs, ys, view } = this;
    paint.fillStyle = colour;
    const half = size / 2;
    for (let at = 0; at < xs.length; at += 1) {
      if (this.old[at] !== old) continue;
      const x = xs[at] * scale + left;
      const y = ys[at] * scale + top;
      if (x > -size && y > -size && x < view.width + size && y < view.height + size) {
        paint.fillRect(x - half, y - half, size, size);
      }
    }
  }

  drawTowns(scale, left, top) {
    const { paint, view } = this;
    const zoom = view.zoom();
    paint.fillStyle = this.colours.town;
    paint.strokeStyle = this.colours["home-land"];
    paint.lineWidth = 3;
    paint.font = "600 11.5px system-ui, sans-serif";
    paint.textBaseline = "middle";
    paint.textAlign = "center";
    for (const [name, lon, lat, from] of TOWNS) {
      if (zoom < from) continue;
      const x = View.worldX(lon) * scale + left;
      const y = View.worldY(lat) * scale + top;
      if (x < -80 || y < -20 || x > view.width + 20 || y > view.height + 20) continue;
      // Clear of its own crowd of points, with a rim so that it can be read over another's.
      paint.strokeText(name, x, y + 15);
      paint.fillText(name, x, y + 15);
    }
  }

  drawAlerting(scale, left, top) {
    const { paint, colours } = this;
    for (const severity of ["serious", "critical"]) {
      paint.fillStyle = colours[severity];
      paint.strokeStyle = colours["home-land"];
      paint.lineWidth = 1.5;
      for (const [wearer, has] of this.alerting) {
        const at = has === severity ? this.items.get(wearer) : undefined;
        if (at === undefined) continue;
        paint.beginPath();
        trace(paint, severity, this.xs[at] * scale + left, this.ys[at] * scale + top);
        paint.fill();
        paint.stroke();
      }
    }
  }

  drawPicked(scale, left, top) {
    const at = this.items.get(this.picked);
    if (at === undefined) return;
    const { paint, colours } = this;
    const x = this.xs[at] * scale + left;
    const y = this.ys[at] * scale + top;
    const radius = this.wearers[at].acc * View.metresToWorld(this.wearers[at].lat) * scale;
    paint.strokeStyle = colours.picked;
    paint.lineWidth = 2;
    paint.beginPath();
    paint.arc(x, y, Math.max(radius, NEAR_PX / 2), 0, 2 * Math.PI);
    paint.stroke();
    paint.beginPath();
    paint.moveTo(x - NEAR_PX, y);
    paint.lineTo(x - NEAR_PX / 2, y);
    paint.moveTo(x + NEAR_PX / 2, y);
    paint.lineTo(x + NEAR_PX, y);
    paint.moveTo(x, y - NEAR_PX);
    paint.lineTo(x, y - NEAR_PX / 2);
    paint.moveTo(x, y + NEAR_PX / 2);
    paint.lineTo(x, y + NEAR_PX);
    paint.stroke();
  }
}

/** Critical is a diamond, serious a triangle: told apart without colour. */
function trace(paint, severity, x, y) {
  if (severity === "critical") {
    paint.moveTo(x, y - 6.5);
    paint.lineTo(x + 6.5, y);
    paint.lineTo(x, y + 6.5);
    paint.lineTo(x - 6.5, y);
  } else {
    paint.moveTo(x, y - 5.5);
    paint.lineTo(x + 5.5, y + 4.5);
    paint.lineTo(x - 5.5, y + 4.5);
  }
  paint.closePath();
}

// The coasts, from our own file. For each zoom a path is made once, without the corners that nobody could see.

import { View } from "./view.js";

const LEAST_PX = 0.8;
const PATHS_KEPT = 12;

export class Outline {
  constructor(asset) {
    this.layers = ["around", "home"].map((name) => ({
      name,
      rings: asset[name].map((flat) => {
        const ring = new Float64Array(flat.length);
        for (let at = 0; at < flat.length; at += 2) {
          ring[at] = View.worldX(flat[at] / asset.steps_per_degree);
          ring[at + 1] = View.worldY(flat[at + 1] / asset.steps_per_degree);
        }
        return ring;
      }),
    }));
    this.paths = new Map();
  }

  draw(paint, view, colours) {
    const { scale, left, top } = view.transform();
    // The path is made for the power of two below and stretched to the scale in hand.
    const step = 2 ** Math.floor(Math.log2(scale));
    const stretch = scale / step;
    paint.save();
    paint.translate(left, top);
    paint.scale(stretch, stretch);
    paint.lineWidth = 1 / stretch;
    paint.lineJoin = "round";
    for (const layer of this.layers) {
      const path = this.path(layer, step);
      paint.fillStyle = layer.name === "home" ? colours["home-land"] : colours.land;
      paint.strokeStyle = colours.coast;
      paint.fill(path);
      paint.stroke(path);
    }
    paint.restore();
  }

  path(layer, step) {
    const key = `${layer.name} ${step}`;
    const held = this.paths.get(key);
    if (held) return held;
    const path = new Path2D();
    for (const ring of layer.rings) traceRing(path, ring, step);
    if (this.paths.size >= PATHS_KEPT) this.paths.delete(this.paths.keys().next().value);
    this.paths.set(key, path);
    return path;
  }
}

function traceRing(path, ring, step) {
  let lastX = ring[0] * step;
  let lastY = ring[1] * step;
  path.moveTo(lastX, lastY);
  for (let at = 2; at < ring.length; at += 2) {
    const x = ring[at] * step;
    const y = ring[at + 1] * step;
    if (Math.abs(x - lastX) + Math.abs(y - lastY) < LEAST_PX) continue;
    path.lineTo(x, y);
    lastX = x;
    lastY = y;
  }
  path.closePath();
}

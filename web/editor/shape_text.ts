/** A zone's shape as lines of text, latitude first; the server reads and writes the same (`api/console/shape_text.py`). */

import type { Place, Shape } from "../shared/geo";

export type Kind = "polygon" | "circle" | "corridor";

export interface Typed {
  kind: Kind;
  points: string;
  radius: string;
  width: string;
}

const PAIR = /^(-?\d+(?:\.\d+)?)\s*[,;\s]\s*(-?\d+(?:\.\d+)?)$/;
const HOLE = "hole";
const PART = "part";

function degrees(value: number): string {
  const text = value.toFixed(7).replace(/0+$/, "");
  return text.endsWith(".") ? `${text}0` : text;
}

const line = ([lon, lat]: Place): string => `${degrees(lat)}, ${degrees(lon)}`;
const lines = (places: readonly Place[]): string => places.map(line).join("\n");

function number(text: string): number {
  const found = Number(text.replace(/,/g, "").trim());
  return text.trim() !== "" && Number.isFinite(found) ? found : NaN;
}

/** Polygons of rings; null when a line cannot be read. */
function ringsOf(text: string): Place[][][] | null {
  const found: Place[][][] = [[[]]];
  for (const raw of text.split("\n")) {
    const words = raw.trim().toLowerCase();
    if (!words) continue;
    if (words === PART) found.push([[]]);
    else if (words === HOLE) found.at(-1)!.push([]);
    else {
      const pair = PAIR.exec(words);
      if (!pair) return null;
      const lat = Number(pair[1]);
      const lon = Number(pair[2]);
      if (Math.abs(lat) > 90 || Math.abs(lon) > 180) return null;
      found.at(-1)!.at(-1)!.push([lon, lat]);
    }
  }
  return found;
}

function ofGeoJson(text: string): Shape | null {
  try {
    let found = JSON.parse(text);
    if (found?.type === "FeatureCollection" && found.features?.length === 1) found = found.features[0];
    if (found?.type === "Feature") found = found.geometry;
    return ["Polygon", "MultiPolygon", "Circle", "Corridor"].includes(found?.type) ? (found as Shape) : null;
  } catch {
    return null;
  }
}

const closed = (ring: readonly Place[]): Place[] => {
  const first = ring[0];
  const last = ring.at(-1);
  return first && last && (first[0] !== last[0] || first[1] !== last[1]) ? [...ring, first] : [...ring];
};

/** The shape of what is typed; null while it is none. */
export function shapeOf(typed: Typed): Shape | null {
  const text = typed.points.trim();
  if (!text) return null;
  if (text.startsWith("{")) return ofGeoJson(text);
  const polygons = ringsOf(text);
  const first = polygons?.[0]?.[0];
  if (!polygons || !first?.length) return null;
  if (typed.kind === "circle") {
    const radius = number(typed.radius);
    return first.length === 1 && radius > 0 ? { type: "Circle", center: first[0]!, radius_m: radius } : null;
  }
  if (typed.kind === "corridor") {
    const width = number(typed.width);
    return first.length > 1 && width > 0 ? { type: "Corridor", coordinates: first, width_m: width } : null;
  }
  const rings = polygons.map((polygon) => polygon.map(closed));
  if (rings.some((polygon) => polygon.some((ring) => ring.length < 4))) return null;
  return rings.length === 1 ? { type: "Polygon", coordinates: rings[0]! } : { type: "MultiPolygon", coordinates: rings };
}

/** What is typed for a shape. */
export function textOf(shape: Shape, before: Typed): Typed {
  if (shape.type === "Circle") return { ...before, kind: "circle", points: line(shape.center), radius: String(Math.round(shape.radius_m)) };
  if (shape.type === "Corridor") return { ...before, kind: "corridor", points: lines(shape.coordinates), width: String(shape.width_m) };
  const polygons = shape.type === "Polygon" ? [shape.coordinates] : shape.coordinates;
  const points = polygons.map((rings) => rings.map((ring) => lines(ring.slice(0, -1))).join(`\n${HOLE}\n`)).join(`\n${PART}\n`);
  return { ...before, kind: "polygon", points };
}

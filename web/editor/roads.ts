/** Whether an edge is near a main road: those who pass by would seem to come in. Known only where the base map has its own streets. */

import GeoJSON from "ol/format/GeoJSON";
import CircleGeometry from "ol/geom/Circle";
import LineString from "ol/geom/LineString";
import MultiLineString from "ol/geom/MultiLineString";
import MultiPolygon from "ol/geom/MultiPolygon";
import Polygon, { fromCircle } from "ol/geom/Polygon";
import { stretch, type Shape } from "../shared/geo";
import { editedOf } from "./drawing";

export const NEAR_M = 50;
const MAIN = new Set(["main", "ring"]);

export interface Road {
  name: string;
  line: number[][];
}

/** The main roads; null where the base map has no streets of its own. */
export async function mainRoads(): Promise<Road[] | null> {
  const told = await fetch("/basemap.json", { headers: { Accept: "application/json" } });
  if (!told.ok) return null;
  const { streets } = (await told.json()) as { streets: string | null };
  if (!streets) return null;
  const answer = await fetch(streets);
  if (!answer.ok) return null;
  const read = new GeoJSON({ dataProjection: "EPSG:4326", featureProjection: "EPSG:3857" });
  const found: Road[] = [];
  for (const feature of read.readFeatures(await answer.json())) {
    if (!MAIN.has(feature.get("kind") as string)) continue;
    const geometry = feature.getGeometry();
    const name = (feature.get("name") as string | undefined) ?? "a main road";
    if (geometry instanceof LineString) found.push({ name, line: geometry.getCoordinates() });
    if (geometry instanceof MultiLineString) for (const line of geometry.getCoordinates()) found.push({ name, line });
  }
  return found;
}

type Pair = [number[], number[]];

const pairs = (line: number[][]): Pair[] => line.slice(1).map((to, n) => [line[n]!, to]);

function toSegment(at: number[], [from, to]: Pair): number {
  const dx = to[0]! - from[0]!;
  const dy = to[1]! - from[1]!;
  const length2 = dx * dx + dy * dy;
  const along = length2 === 0 ? 0 : Math.min(1, Math.max(0, ((at[0]! - from[0]!) * dx + (at[1]! - from[1]!) * dy) / length2));
  return Math.hypot(at[0]! - from[0]! - along * dx, at[1]! - from[1]! - along * dy);
}

const side = ([from, to]: Pair, at: number[]): number =>
  Math.sign((to[0]! - from[0]!) * (at[1]! - from[1]!) - (to[1]! - from[1]!) * (at[0]! - from[0]!));

const cross = (one: Pair, other: Pair): boolean =>
  side(one, other[0]) !== side(one, other[1]) && side(other, one[0]) !== side(other, one[1]);

/** Metres of the map between two segments. */
const apart = (one: Pair, other: Pair): number =>
  cross(one, other)
    ? 0
    : Math.min(toSegment(one[0], other), toSegment(one[1], other), toSegment(other[0], one), toSegment(other[1], one));

function edges(shape: Shape): number[][][] {
  const geometry = editedOf(shape);
  if (geometry instanceof CircleGeometry) return fromCircle(geometry, 64).getCoordinates();
  if (geometry instanceof Polygon) return geometry.getCoordinates();
  if (geometry instanceof MultiPolygon) return geometry.getCoordinates().flat();
  return geometry instanceof LineString ? [geometry.getCoordinates()] : [];
}

/** The nearest main road within `NEAR_M` of the shape's edge, and how far it is; null when there is none. */
export function roadNear(shape: Shape, roads: readonly Road[]): { name: string; metres: number } | null {
  const around = edges(shape).flatMap(pairs);
  const first = around[0]?.[0];
  if (!first) return null;
  const scale = stretch(first[1]!);
  const half = shape.type === "Corridor" ? shape.width_m / 2 : 0;
  let best: { name: string; metres: number } | null = null;
  for (const road of roads) {
    for (const piece of pairs(road.line)) {
      for (const edge of around) {
        const centre = apart(piece, edge) / scale;
        const metres = shape.type === "Corridor" ? Math.abs(centre - half) : centre;
        if (metres <= NEAR_M && (!best || metres < best.metres)) best = { name: road.name, metres };
      }
    }
  }
  return best;
}

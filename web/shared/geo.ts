/** Places and shapes as the caseload has them, in the metres of the map (EPSG:3857). */

import type Geometry from "ol/geom/Geometry";
import GeometryCollection from "ol/geom/GeometryCollection";
import LineString from "ol/geom/LineString";
import MultiPolygon from "ol/geom/MultiPolygon";
import Polygon, { circular } from "ol/geom/Polygon";

const RADIUS_M = 6_378_137;
const WGS84 = "EPSG:4326";
const MAP = "EPSG:3857";
const CIRCLE_CORNERS = 72;

export type Place = [lon: number, lat: number];

/** A shape of a caseload file (GeoJSON, and our Circle and Corridor). */
export type Shape =
  | { type: "Polygon"; coordinates: Place[][] }
  | { type: "MultiPolygon"; coordinates: Place[][][] }
  | { type: "Circle"; center: Place; radius_m: number }
  | { type: "Corridor"; coordinates: Place[]; width_m: number };

export const mapX = (lon: number): number => (lon * Math.PI * RADIUS_M) / 180;

export const mapY = (lat: number): number => RADIUS_M * Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360));

/** How many metres of the map a metre on the ground is, at the map's `y`. */
export const stretch = (y: number): number => Math.cosh(y / RADIUS_M);

/** A circle on the ground, as a polygon of the map. */
export const circle = (place: Place, radiusM: number): Polygon =>
  circular(place, radiusM, CIRCLE_CORNERS).transform(WGS84, MAP) as Polygon;

/** The geometry of a shape. A corridor is its line and two round ends' worth of it: `width` of `corridorWidth` is how wide it is drawn. */
export function geometryOf(shape: Shape): Geometry {
  switch (shape.type) {
    case "Polygon":
      return new Polygon(shape.coordinates).transform(WGS84, MAP);
    case "MultiPolygon":
      return new MultiPolygon(shape.coordinates).transform(WGS84, MAP);
    case "Circle":
      return circle(shape.center, shape.radius_m);
    case "Corridor":
      return new GeometryCollection([new LineString(shape.coordinates).transform(WGS84, MAP)]);
  }
}

/** How wide a corridor is in metres of the map; 0 for any other shape. */
export function widthOf(shape: Shape): number {
  if (shape.type !== "Corridor") return 0;
  const lat = shape.coordinates[0]?.[1] ?? 0;
  return shape.width_m * stretch(mapY(lat));
}

/** "51.53100, -0.12100". */
export const placeWords = (lon: number, lat: number): string => `${lat.toFixed(5)}, ${lon.toFixed(5)}`;

/**
 * What lies under the points: coasts, National Grid and names from our own files; over them the tiles or streets that the centre has
 * (`/basemap.json`). Nothing is asked of anybody else.
 */

import Feature from "ol/Feature";
import GeoJSON from "ol/format/GeoJSON";
import MultiLineString from "ol/geom/MultiLineString";
import Point from "ol/geom/Point";
import Polygon from "ol/geom/Polygon";
import type BaseLayer from "ol/layer/Base";
import TileLayer from "ol/layer/Tile";
import VectorLayer from "ol/layer/Vector";
import VectorImageLayer from "ol/layer/VectorImage";
import VectorSource from "ol/source/Vector";
import XYZ from "ol/source/XYZ";
import Fill from "ol/style/Fill";
import Stroke from "ol/style/Stroke";
import Style from "ol/style/Style";
import Text from "ol/style/Text";
import { mapX, mapY } from "../shared/geo";
import { PLACES, SHOWN_FROM } from "./places";

export const SEA = "#dfe8ee";
const LAND = "#f4f2ec";
const AROUND = "#ebe9e3";
const COAST = "#a9b4ba";
const GRID = "rgba(70, 96, 112, 0.16)";
const GRID_NAME = "#66747d";
const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", Arial, sans-serif';
/** Coasts and streets are drawn half as large again as the window, so that dragging shows no edge. */
const IMAGE_RATIO = 1.5;
const STREETS_FROM_ZOOM = 11.5;

interface Outline {
  steps_per_degree: number;
  home: number[][];
  around: number[][];
}

interface Grid {
  lines: [number, number][][];
  squares: [string, number, number][];
}

export interface Basemap {
  tiles: { kind: "raster" | "vector"; url: string; min_zoom: number; max_zoom: number; attribution: string } | null;
  streets: string | null;
}

async function own<Body>(path: string): Promise<Body> {
  const answer = await fetch(path, { headers: { Accept: "application/json", "Bailiwick-Background": "true" } });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return (await answer.json()) as Body;
}

function rings(outline: Outline, which: "home" | "around", colour: string): Feature[] {
  const style = new Style({ fill: new Fill({ color: colour }), stroke: new Stroke({ color: COAST, width: 1 }) });
  return outline[which].map((flat) => {
    const ring: [number, number][] = [];
    for (let at = 0; at < flat.length; at += 2) {
      ring.push([mapX(flat[at]! / outline.steps_per_degree), mapY(flat[at + 1]! / outline.steps_per_degree)]);
    }
    const made = new Feature(new Polygon([ring]));
    made.setStyle(style);
    return made;
  });
}

function coasts(): BaseLayer {
  const source = new VectorSource({ attributions: "Coasts: Natural Earth" });
  void own<Outline>("/static/outline.json").then((outline) => {
    source.addFeatures([...rings(outline, "around", AROUND), ...rings(outline, "home", LAND)]);
  });
  return new VectorImageLayer({ source, imageRatio: IMAGE_RATIO, zIndex: 0 });
}

function grid(): BaseLayer {
  const source = new VectorSource();
  const lines = new Style({ stroke: new Stroke({ color: GRID, width: 1 }) });
  void own<Grid>("/static/grid.json").then((found) => {
    const made = new Feature(new MultiLineString(found.lines.map((line) => line.map(([lon, lat]) => [mapX(lon), mapY(lat)]))));
    made.setStyle(lines);
    source.addFeature(made);
    for (const [name, lon, lat] of found.squares) {
      const square = new Feature(new Point([mapX(lon), mapY(lat)]));
      const text = new Text({ text: name, font: `600 11px ${FONT}`, fill: new Fill({ color: GRID_NAME }), textAlign: "left", textBaseline: "bottom", offsetX: 4, offsetY: -3 });
      square.setStyle((_, resolution) => (resolution < 1_300 && resolution > 60 ? new Style({ text }) : undefined));
      source.addFeature(square);
    }
  });
  return new VectorImageLayer({ source, imageRatio: IMAGE_RATIO, zIndex: 2 });
}

/** Names, below the points: no name hides an alert. */
function names(): BaseLayer {
  const source = new VectorSource();
  for (const [name, lon, lat, rank] of PLACES) source.addFeature(new Feature({ geometry: new Point([mapX(lon), mapY(lat)]), name, rank }));
  const styles = new Map<string, Style>();
  return new VectorLayer({
    source,
    declutter: true,
    updateWhileAnimating: false,
    updateWhileInteracting: false,
    zIndex: 8,
    style: (feature, resolution) => {
      const rank = feature.get("rank") as number;
      const zoom = Math.log2(156_543.034 / resolution);
      if (zoom < SHOWN_FROM[rank]! || zoom > 14.5) return undefined;
      const key = feature.get("name") as string;
      let style = styles.get(key);
      if (!style) {
        const text = new Text({
          text: key,
          font: `600 ${rank === 0 ? 14 : 12.5}px ${FONT}`,
          fill: new Fill({ color: "#1f2a30" }),
          stroke: new Stroke({ color: "rgba(255, 255, 255, 0.9)", width: 3 }),
          offsetY: 18,
          padding: [4, 6, 4, 6],
        });
        styles.set(key, (style = new Style({ text })));
      }
      return style;
    },
  });
}

const STREET = {
  main: { casing: 7, width: 5, colour: "#fbe3b3" },
  ring: { casing: 6, width: 4.2, colour: "#fdf0cf" },
  street: { casing: 3.6, width: 2.4, colour: "#ffffff" },
} as const;

function streetStyle(kind: string, name: string | undefined, resolution: number): Style[] {
  if (kind === "park") return [new Style({ fill: new Fill({ color: "#d7e7cf" }), zIndex: 0 })];
  if (kind === "river") return [new Style({ stroke: new Stroke({ color: "#b9d3e2", width: Math.min(26, 60 / resolution), lineCap: "round", lineJoin: "round" }), zIndex: 1 })];
  if (kind === "built") return [new Style({ fill: new Fill({ color: "#e9e5dd" }), zIndex: -1 })];
  const look = STREET[kind as keyof typeof STREET] ?? STREET.street;
  if (kind === "street" && resolution > 19) return [];
  const near = Math.min(2.6, Math.max(0.45, 5 / resolution));
  const made = [
    new Style({ stroke: new Stroke({ color: "#c9c3b8", width: look.casing * near, lineCap: "round" }), zIndex: 2 }),
    new Style({ stroke: new Stroke({ color: look.colour, width: look.width * near, lineCap: "round" }), zIndex: kind === "street" ? 3 : 4 }),
  ];
  if (name && resolution < (kind === "street" ? 2.6 : 7)) {
    const text = new Text({ text: name, placement: "line", font: `12px ${FONT}`, fill: new Fill({ color: "#4c5257" }), stroke: new Stroke({ color: "#ffffff", width: 3 }), overflow: false });
    made.push(new Style({ text, zIndex: 5 }));
  }
  return made;
}

function streets(url: string): BaseLayer {
  const source = new VectorSource();
  const layer = new VectorImageLayer({
    source,
    imageRatio: IMAGE_RATIO,
    minZoom: STREETS_FROM_ZOOM,
    zIndex: 1,
    style: (feature, resolution) => streetStyle(feature.get("kind") as string, feature.get("name") as string | undefined, resolution),
  });
  // Some MB: asked for when somebody looks that near, once; again when it did not come.
  source.setLoader((extent, _resolution, _projection, success, failure) => {
    own<object>(url).then(
      (body) => {
        const read = new GeoJSON({ dataProjection: "EPSG:4326", featureProjection: "EPSG:3857" });
        const features = read.readFeatures(body);
        source.addFeatures(features);
        success?.(features);
      },
      () => {
        source.removeLoadedExtent(extent);
        failure?.();
      },
    );
  });
  return layer;
}

async function tiles(told: NonNullable<Basemap["tiles"]>): Promise<BaseLayer> {
  if (told.kind === "vector") return (await import("./vector_tiles")).vectorTiles(told);
  const source = new XYZ({ url: told.url, minZoom: told.min_zoom, maxZoom: told.max_zoom, attributions: told.attribution, transition: 0 });
  return new TileLayer({ source, zIndex: 1 });
}

/** The layers, from below. */
export async function baseLayers(): Promise<BaseLayer[]> {
  const layers = [coasts(), grid(), names()];
  try {
    const told = await own<Basemap>("/basemap.json");
    if (told.tiles) layers.push(await tiles(told.tiles));
    if (told.streets) layers.push(streets(told.streets));
  } catch {
    // The outline alone is a map still.
  }
  return layers;
}


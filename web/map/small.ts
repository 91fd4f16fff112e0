/**
 * A small map of few things, for pages about one alert, one wearer, one incident: an element with `data-small-map="ID"`, or
 * `#alert-map`, shows the GeoJSON of the JSON island of that id (`#alert-map-data`), with a key of what is on it.
 *
 * Features have `kind`: `point` (`acc`, its 95 % radius in metres; `relied`: what is said rests on it; `level`, a severity), `newest`,
 * `zone` (`sort`, the condition's kind), `buffer` (`buffer_m` around it), `home`, `line`. A Point with `radius_m` is a circle, a LineString with
 * `width_m` a corridor. `name` or `label` is written on the map.
 */

import Feature from "ol/Feature";
import type OlMap from "ol/Map";
import { createEmpty, extend } from "ol/extent";
import GeoJSON from "ol/format/GeoJSON";
import LineString from "ol/geom/LineString";
import Point from "ol/geom/Point";
import VectorLayer from "ol/layer/Vector";
import VectorSource from "ol/source/Vector";
import { circle, stretch, type Place } from "../shared/geo";
import { framed } from "./frame";
import { styleOf, zoneOf } from "./look";

const READ = { dataProjection: "EPSG:4326", featureProjection: "EPSG:3857" } as const;
const NEAREST_ZOOM = 17;
const EDGE_PX = 32;

/** The features as they are drawn: a point with an accuracy has a circle around it. */
export function drawn(collection: object): Feature[] {
  const features = new GeoJSON(READ).readFeatures(collection);
  const around: Feature[] = [];
  for (const feature of features) {
    const geometry = feature.getGeometry();
    const radius = Number(feature.get("radius_m") ?? 0);
    const buffer = Number(feature.get("buffer_m") ?? 0);
    if (geometry instanceof Point) {
      const lonLat = (geometry.clone().transform("EPSG:3857", "EPSG:4326") as Point).getCoordinates() as Place;
      const acc = Number(feature.get("acc") ?? 0);
      if (acc > 0) around.push(new Feature({ geometry: circle(lonLat, acc), kind: "accuracy" }));
      if (radius > 0) feature.setGeometry(circle(lonLat, radius + buffer));
    } else if (geometry && buffer > 0) {
      feature.set("around", buffer * stretch(geometry.getExtent()[1]!));
    }
    if (geometry instanceof LineString && feature.get("width_m")) {
      feature.set("width", Number(feature.get("width_m")) * stretch(geometry.getFirstCoordinate()[1]!));
    }
  }
  return [...around, ...features];
}

/** Shows a FeatureCollection in `target`, fitted. */
export function smallMap(target: HTMLElement, collection: object): { map: OlMap; show(collection: object, fit?: boolean): void } {
  const source = new VectorSource();
  const map = framed(target, { wheelNeedsFocus: true });
  const key = document.createElement("ul");
  key.className = "bw-map-key";
  target.after(key);
  map.addLayer(new VectorLayer({ source, style: styleOf, zIndex: 20 }));
  const show = (next: object, fit = true): void => {
    source.clear();
    source.addFeatures(drawn(next));
    fillKey(key, source.getFeatures());
    if (!fit || source.isEmpty()) return;
    map.getView().fit(extentOf(source.getFeatures()), { padding: [EDGE_PX, EDGE_PX, EDGE_PX, EDGE_PX], maxZoom: NEAREST_ZOOM });
  };
  map.on("rendercomplete", () => (target.dataset["drawn"] = "true"));
  map.once("change:size", () => show(collection));
  show(collection);
  return { map, show };
}

/** What is said rests on some points: they and the zone fill the map, and what came before may lie outside. */
function extentOf(features: readonly Feature[]): number[] {
  const rests = features.filter((one) => one.get("relied") === true);
  const around = features.filter((one) => one.get("kind") === "zone" || one.get("kind") === "newest");
  const shown = rests.length ? [...rests, ...around] : features;
  const extent = createEmpty();
  for (const one of shown) extend(extent, one.getGeometry()!.getExtent());
  return extent;
}

const SIGNS: readonly (readonly [string, string, (feature: Feature) => boolean])[] = [
  ["relied", "Point that this rests on", (one) => one.get("kind") === "point" && one.get("relied") === true],
  ["point", "Other point", (one) => one.get("kind") === "point" && one.get("relied") !== true],
  ["newest", "Newest place", (one) => one.get("kind") === "newest"],
  ["accuracy", "Within this circle, 19 times of 20", (one) => one.get("kind") === "accuracy"],
  ["home", "Home", (one) => one.get("kind") === "home"],
  ["exclusion", "Must stay out", (one) => one.get("kind") === "zone" && zoneOf(one) === "exclusion"],
  ["inclusion", "Must stay inside", (one) => one.get("kind") === "zone" && zoneOf(one) === "inclusion"],
  ["attendance", "Must attend", (one) => one.get("kind") === "zone" && zoneOf(one) === "attendance"],
  ["crime", "The place, and what is near", (one) => one.get("kind") === "zone" && zoneOf(one) === "crime"],
  ["buffer", "Around the zone", (one) => one.get("kind") === "buffer"],
];

/** What the signs on this map mean. Where nothing rests on some points, the others are no others. */
function fillKey(key: HTMLElement, features: Feature[]): void {
  const rests = features.some((one) => one.get("relied") === true || one.get("level"));
  key.replaceChildren(
    ...SIGNS.filter(([, , is]) => features.some(is)).map(([sign, words]) => {
      const line = document.createElement("li");
      line.className = `bw-map-key__${sign}`;
      line.textContent = sign === "point" && !rests ? "Position" : words;
      return line;
    }),
  );
}

/** Every small map of the page. */
export function smallMaps(): void {
  const found = document.querySelectorAll<HTMLElement>("[data-small-map], #alert-map");
  for (const target of found) {
    const island = document.getElementById(target.dataset["smallMap"] ?? `${target.id}-data`);
    if (!island?.textContent) continue;
    target.classList.add("bw-small-map");
    if (!target.hasAttribute("tabindex")) target.tabIndex = 0;
    if (!target.hasAttribute("role")) target.setAttribute("role", "group");
    if (!target.hasAttribute("aria-label")) target.setAttribute("aria-label", "Map. The arrows move it, plus and minus bring it nearer.");
    smallMap(target, JSON.parse(island.textContent) as object);
  }
}

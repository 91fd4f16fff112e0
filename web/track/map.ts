/** The trail on the map: lines where points are close in time, each point with its circle, and the point that is played. */

import Feature from "ol/Feature";
import type OlMap from "ol/Map";
import { boundingExtent, containsCoordinate } from "ol/extent";
import LineString from "ol/geom/LineString";
import Point from "ol/geom/Point";
import VectorLayer from "ol/layer/Vector";
import VectorImageLayer from "ol/layer/VectorImage";
import VectorSource from "ol/source/Vector";
import CircleStyle from "ol/style/Circle";
import Fill from "ol/style/Fill";
import Stroke from "ol/style/Stroke";
import Style from "ol/style/Style";
import { framed, motionMs } from "../map/frame";
import { styleOf } from "../map/look";
import { drawn } from "../map/small";
import { circle, mapX, mapY } from "../shared/geo";
import { linesOf, type Fix, type Trail } from "./trail";

const MOST_CIRCLES = 3_000;
/** Of more points than this only the one that is played has its circle. */
const EDGE_PX = 40;
const NEAREST_ZOOM = 17;

const LINE = new Style({ stroke: new Stroke({ color: "#1d5a86", width: 2 }), zIndex: 3 });
const USED = new Style({ image: new CircleStyle({ radius: 3.5, fill: new Fill({ color: "#1d5a86" }), stroke: new Stroke({ color: "#ffffff", width: 1 }) }), zIndex: 4 });
const UNUSED = new Style({ image: new CircleStyle({ radius: 3.5, fill: new Fill({ color: "#ffffff" }), stroke: new Stroke({ color: "#6b767d", width: 1.5 }) }), zIndex: 4 });
const AROUND = new Style({ stroke: new Stroke({ color: "rgba(29, 90, 134, 0.35)", width: 1 }), zIndex: 2 });
const NOW = new Style({ image: new CircleStyle({ radius: 8, fill: new Fill({ color: "#ffdd00" }), stroke: new Stroke({ color: "#0b0c0c", width: 3 }) }), zIndex: 10 });
const NOW_OLD = new Style({ image: new CircleStyle({ radius: 8, fill: new Fill({ color: "rgba(255, 255, 255, 0.8)" }), stroke: new Stroke({ color: "#0b0c0c", width: 3, lineDash: [4, 4] }) }), zIndex: 10 });
const NOW_AROUND = new Style({ fill: new Fill({ color: "rgba(255, 221, 0, 0.25)" }), stroke: new Stroke({ color: "#0b0c0c", width: 1.5 }), zIndex: 9 });

const place = (fix: Fix): [number, number] => [mapX(fix.lon), mapY(fix.lat)];

export interface TrackMap {
  show(trail: Trail): void;
  /** The point that is played; `old` when nothing came for longer than a line spans. */
  point(fix: Fix | null, old: boolean): void;
  /** Called with the number of a point that somebody picked. */
  picked(tell: (index: number) => void): void;
}

export function trackMap(target: HTMLElement, around: object): TrackMap {
  const map = framed(target, { wheelNeedsFocus: true });
  const zones = new VectorSource({ features: drawn(around) });
  const points = new VectorSource();
  const now = new VectorSource();
  map.addLayer(new VectorLayer({ source: zones, style: styleOf, zIndex: 20 }));
  // A picture of them is kept while the view stands still: what is played moves over it.
  map.addLayer(new VectorImageLayer({ source: points, zIndex: 21, imageRatio: 1.5 }));
  map.addLayer(new VectorLayer({ source: now, zIndex: 22 }));
  return {
    show(trail) {
      points.clear();
      points.addFeatures(featuresOf(trail.fixes));
      fit(map, trail.fixes, zones);
    },
    point(fix, old) {
      now.clear();
      if (!fix) return;
      const at = new Feature(new Point(place(fix)));
      at.setStyle(old ? NOW_OLD : NOW);
      const ring = new Feature(circle([fix.lon, fix.lat], fix.acc));
      ring.setStyle(NOW_AROUND);
      now.addFeatures([ring, at]);
      keepInView(map, place(fix));
    },
    picked(tell) {
      map.on("singleclick", (event) => {
        map.forEachFeatureAtPixel(
          event.pixel,
          (feature) => {
            const index: unknown = feature.get("index");
            if (typeof index !== "number") return false;
            tell(index);
            return true;
          },
          { hitTolerance: 6 },
        );
      });
    },
  };
}

function featuresOf(fixes: readonly Fix[]): Feature[] {
  const found: Feature[] = linesOf(fixes).map((run) => styled(new Feature(new LineString(run.map(place))), LINE));
  fixes.forEach((fix, index) => {
    if (fixes.length <= MOST_CIRCLES) found.push(styled(new Feature(circle([fix.lon, fix.lat], fix.acc)), AROUND));
    const point = styled(new Feature(new Point(place(fix))), fix.used ? USED : UNUSED);
    point.set("index", index);
    found.push(point);
  });
  return found;
}

function styled(feature: Feature, style: Style): Feature {
  feature.setStyle(style);
  return feature;
}

function fit(map: OlMap, fixes: readonly Fix[], zones: VectorSource): void {
  const extent = fixes.length ? boundingExtent(fixes.map(place)) : zones.getExtent();
  if (!extent || !extent.every(Number.isFinite)) return;
  map.getView().fit(extent, { padding: [EDGE_PX, EDGE_PX, EDGE_PX, EDGE_PX], maxZoom: NEAREST_ZOOM });
}

function keepInView(map: OlMap, at: [number, number]): void {
  const view = map.getView();
  if (containsCoordinate(view.calculateExtent(map.getSize()), at)) return;
  view.cancelAnimations();
  view.animate({ center: at, duration: motionMs() });
}

/** The shape on the map: drawn, moved and measured with OpenLayers, in the metres of the map (EPSG:3857). */

import Feature from "ol/Feature";
import type OlMap from "ol/Map";
import { noModifierKeys, singleClick, never } from "ol/events/condition";
import { intersects } from "ol/extent";
import CircleGeometry from "ol/geom/Circle";
import type Geometry from "ol/geom/Geometry";
import LineString from "ol/geom/LineString";
import MultiPolygon from "ol/geom/MultiPolygon";
import Point from "ol/geom/Point";
import Polygon from "ol/geom/Polygon";
import Draw from "ol/interaction/Draw";
import Modify from "ol/interaction/Modify";
import Snap from "ol/interaction/Snap";
import VectorLayer from "ol/layer/Vector";
import { toLonLat } from "ol/proj";
import VectorSource from "ol/source/Vector";
import { getArea, getLength } from "ol/sphere";
import CircleStyle from "ol/style/Circle";
import Fill from "ol/style/Fill";
import Stroke from "ol/style/Stroke";
import Style from "ol/style/Style";
import { mapX, mapY, stretch, type Place, type Shape } from "../shared/geo";
import type { Kind } from "./shape_text";

const LINE = "#1d5a86";
const INSIDE = "rgba(29, 90, 134, 0.18)";
const CORNER = new CircleStyle({ radius: 5, fill: new Fill({ color: "#fff" }), stroke: new Stroke({ color: LINE, width: 2 }) });
const PATH_PX = 2;

const TYPES = { polygon: "Polygon", circle: "Circle", corridor: "LineString" } as const;
export type Tool = "move" | "draw" | "hole" | "part" | "take_out";

const onMap = ([lon, lat]: Place): number[] => [mapX(lon), mapY(lat)];
const onGround = (at: number[]): Place => toLonLat(at) as Place;

/** The geometry that is edited; of a corridor its line. */
export function editedOf(shape: Shape): Geometry {
  if (shape.type === "Circle") {
    const centre = onMap(shape.center);
    return new CircleGeometry(centre, shape.radius_m * stretch(centre[1]!));
  }
  if (shape.type === "Corridor") return new LineString(shape.coordinates.map(onMap));
  const rings = (polygon: Place[][]): number[][][] => polygon.map((ring) => ring.map(onMap));
  return shape.type === "Polygon" ? new Polygon(rings(shape.coordinates)) : new MultiPolygon(shape.coordinates.map(rings));
}

/** The shape of what was edited. */
function shapeFrom(geometry: Geometry, widthM: number): Shape | null {
  if (geometry instanceof CircleGeometry) {
    const centre = geometry.getCenter();
    return { type: "Circle", center: onGround(centre), radius_m: geometry.getRadius() / stretch(centre[1]!) };
  }
  if (geometry instanceof LineString) return { type: "Corridor", coordinates: geometry.getCoordinates().map(onGround), width_m: widthM };
  const rings = (polygon: number[][][]): Place[][] => polygon.map((ring) => ring.map(onGround));
  if (geometry instanceof Polygon) return { type: "Polygon", coordinates: rings(geometry.getCoordinates()) };
  if (geometry instanceof MultiPolygon) return { type: "MultiPolygon", coordinates: geometry.getCoordinates().map(rings) };
  return null;
}

/** Square metres on the ground. */
export function areaOf(shape: Shape): number {
  if (shape.type === "Circle") return Math.PI * shape.radius_m ** 2;
  if (shape.type === "Corridor") return getLength(editedOf(shape)) * shape.width_m + Math.PI * (shape.width_m / 2) ** 2;
  return getArea(editedOf(shape));
}

export class Drawing {
  readonly source = new VectorSource();
  private readonly layer = new VectorLayer({ source: this.source, zIndex: 25, style: (feature, resolution) => this.style(feature as Feature, resolution) });
  private interactions: (Draw | Modify | Snap)[] = [];
  private widthM = 100;

  constructor(
    private readonly map: OlMap,
    private readonly around: VectorSource,
    private readonly drawn: (shape: Shape) => void,
    private readonly finished: () => void,
  ) {
    map.addLayer(this.layer);
  }

  show(shape: Shape | null): void {
    this.source.clear();
    if (!shape) return;
    if (shape.type === "Corridor") this.widthM = shape.width_m;
    this.source.addFeature(new Feature(editedOf(shape)));
  }

  fit(): void {
    const extent = this.source.isEmpty() ? this.around.getExtent() : this.source.getExtent();
    if (!extent || !Number.isFinite(extent[0])) return;
    this.map.getView().fit(extent, { padding: [40, 40, 40, 40], maxZoom: 17 });
  }

  /** Shows all of what was typed where none of it is to be seen. */
  bringIntoView(): void {
    if (this.source.isEmpty()) return;
    const seen = this.map.getView().calculateExtent(this.map.getSize());
    if (!intersects(seen, this.source.getExtent()!)) this.fit();
  }

  /** Takes up a tool; `widthM` is that of a corridor that is begun. */
  use(tool: Tool, kind: Kind, widthM: number): void {
    for (const one of this.interactions) this.map.removeInteraction(one);
    if (Number.isFinite(widthM) && widthM > 0) this.widthM = widthM;
    const snaps = [new Snap({ source: this.around }), new Snap({ source: this.source })];
    this.interactions = [tool === "move" || tool === "take_out" ? this.modify(tool) : this.draw(tool, kind), ...snaps];
    for (const one of this.interactions) this.map.addInteraction(one);
  }

  private modify(tool: Tool): Modify {
    const takes = tool === "take_out";
    const made = new Modify({ source: this.source, deleteCondition: takes ? singleClick : never, insertVertexCondition: takes ? never : noModifierKeys });
    made.on("modifyend", () => this.tell());
    return made;
  }

  private draw(tool: Tool, kind: Kind): Draw {
    const made = new Draw({ type: tool === "draw" ? TYPES[kind] : "Polygon", stopClick: true });
    made.on("drawend", (event) => {
      const found = event.feature.getGeometry();
      if (found) this.take(tool, found);
      this.finished();
    });
    return made;
  }

  private take(tool: Tool, found: Geometry): void {
    const there = this.source.getFeatures()[0]?.getGeometry();
    if (tool !== "draw" && found instanceof Polygon && (there instanceof Polygon || there instanceof MultiPolygon)) {
      const polygons = there instanceof Polygon ? [there.getCoordinates()] : there.getCoordinates();
      const ring = found.getCoordinates()[0]!;
      const at = tool === "hole" ? polygons.findIndex((polygon) => new Polygon(polygon).intersectsCoordinate(ring[0]!)) : -1;
      const next = at < 0 ? [...polygons, [ring]] : polygons.map((polygon, n) => (n === at ? [...polygon, ring] : polygon));
      found = next.length === 1 ? new Polygon(next[0]!) : new MultiPolygon(next);
    }
    this.source.clear();
    this.source.addFeature(new Feature(found));
    this.tell();
  }

  private tell(): void {
    const geometry = this.source.getFeatures()[0]?.getGeometry();
    const shape = geometry ? shapeFrom(geometry, this.widthM) : null;
    if (shape) this.drawn(shape);
  }

  private style(feature: Feature, resolution: number): Style[] {
    const geometry = feature.getGeometry();
    const made = [new Style({ fill: new Fill({ color: INSIDE }), stroke: new Stroke({ color: LINE, width: PATH_PX }) })];
    if (geometry instanceof LineString) {
      const px = (this.widthM * stretch(geometry.getFirstCoordinate()[1]!)) / resolution;
      made.unshift(new Style({ stroke: new Stroke({ color: INSIDE, width: Math.max(px, PATH_PX), lineCap: "round", lineJoin: "round" }) }));
    }
    const corners = geometry instanceof CircleGeometry ? [geometry.getCenter()] : cornersOf(geometry);
    for (const at of corners) made.push(new Style({ geometry: new Point(at), image: CORNER }));
    return made;
  }
}

const CORNERS_SHOWN = 400;

function cornersOf(geometry: Geometry | undefined): number[][] {
  let found: number[][] = [];
  if (geometry instanceof Polygon) found = geometry.getCoordinates().flat();
  else if (geometry instanceof MultiPolygon) found = geometry.getCoordinates().flat(2);
  else if (geometry instanceof LineString) found = geometry.getCoordinates();
  return found.length > CORNERS_SHOWN ? [] : found;
}

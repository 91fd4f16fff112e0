/** How things look on every map: severity by shape and colour, zones by colour and line, places by a ring as wide as they are uncertain. */

import type { FeatureLike } from "ol/Feature";
import Point from "ol/geom/Point";
import Circle from "ol/style/Circle";
import Fill from "ol/style/Fill";
import RegularShape from "ol/style/RegularShape";
import Stroke from "ol/style/Stroke";
import Style from "ol/style/Style";
import Text from "ol/style/Text";

/** Ranks of a wearer on the map: nothing open, then the worst open alert. */
export const LEVELS = ["none", "information", "warning", "serious", "critical"] as const;
export type Level = (typeof LEVELS)[number];

export const COLOURS: Record<Level, string> = {
  none: "#35424a",
  information: "#1d5a86",
  warning: "#594d00",
  serious: "#a04200",
  critical: "#b10e1e",
};
export const RIM = "#ffffff";
export const OLD = "#6b767d";

const rim = new Stroke({ color: RIM, width: 1.5 });

/** The sign of a level, as OpenLayers draws it. */
function sign(level: Level, size: number): Circle | RegularShape {
  const fill = new Fill({ color: COLOURS[level] });
  if (level === "critical") return new RegularShape({ points: 4, radius: size * 1.3, angle: 0, fill, stroke: rim });
  if (level === "serious") return new RegularShape({ points: 3, radius: size * 1.3, fill, stroke: rim });
  if (level === "warning") return new RegularShape({ points: 4, radius: size * 1.2, angle: Math.PI / 4, fill, stroke: rim });
  return new Circle({ radius: size * (level === "none" ? 0.8 : 0.95), fill, stroke: rim });
}

/** `exclusion`, `restriction`, `inclusion` or `attendance`, of a zone's feature. */
export const zoneOf = (feature: FeatureLike): string => {
  const sort = String(feature.get("sort") ?? feature.get("zone") ?? "exclusion").replace("_zone", "");
  return sort === "restriction" ? "inclusion" : sort;
};

const nameOf = (feature: FeatureLike): unknown => feature.get("label") ?? feature.get("name");

const ZONES: Record<string, { line: string; fill: string; dash?: number[] }> = {
  exclusion: { line: "#b10e1e", fill: "rgba(177, 14, 30, 0.12)" },
  inclusion: { line: "#1d5a86", fill: "rgba(29, 90, 134, 0.08)", dash: [9, 5] },
  attendance: { line: "#54319f", fill: "rgba(84, 49, 159, 0.1)", dash: [3, 4] },
  crime: { line: "#0b0c0c", fill: "rgba(11, 12, 12, 0.06)" },
};

/** What an area is called, above its upper edge: inside, who is there would be drawn over it. */
function named(area: Style, feature: FeatureLike): Style[] {
  const text = nameOf(feature);
  const geometry = feature.getGeometry();
  if (!text || !geometry) return [area];
  const [west, , east, north] = geometry.getExtent() as [number, number, number, number];
  const label = new Text({
    text: String(text),
    font: "600 13px system-ui, sans-serif",
    textBaseline: "bottom",
    offsetY: -4,
    fill: new Fill({ color: "#0b0c0c" }),
    stroke: new Stroke({ color: "#ffffff", width: 4 }),
  });
  return [area, new Style({ geometry: new Point([(west + east) / 2, north]), text: label, zIndex: 4 })];
}

const words = (text: unknown): Text | undefined =>
  text
    ? new Text({
        text: String(text),
        font: "600 13px system-ui, sans-serif",
        offsetY: -16,
        fill: new Fill({ color: "#0b0c0c" }),
        stroke: new Stroke({ color: "#ffffff", width: 4 }),
      })
    : undefined;

const labelled = (style: Style, text: unknown): Style => {
  const made = words(text);
  if (made) style.setText(made);
  return style;
};

/** The style of a feature of a small map, and of zones on every map. */
export function styleOf(feature: FeatureLike, resolution: number): Style | Style[] | undefined {
  const level = (feature.get("level") as Level | undefined) ?? "none";
  switch (feature.get("kind") as string) {
    case "accuracy":
      return new Style({ fill: new Fill({ color: "rgba(29, 90, 134, 0.08)" }), stroke: new Stroke({ color: "rgba(29, 90, 134, 0.55)", width: 1 }), zIndex: 3 });
    case "newest":
      return labelled(new Style({ image: sign(level, 8), zIndex: 6 }), feature.get("label"));
    case "point":
      if (feature.get("relied") === true) return labelled(new Style({ image: sign("critical", 6), zIndex: 6 }), feature.get("label"));
      return labelled(new Style({ image: sign(level, 5), zIndex: 5 }), feature.get("label"));
    case "home":
      return named(new Style({ fill: new Fill({ color: "rgba(0, 112, 60, 0.14)" }), stroke: new Stroke({ color: "#00602f", width: 2 }), zIndex: 2 }), feature);
    case "buffer":
      return bufferStyle(feature, resolution);
    case "line":
      return new Style({ stroke: new Stroke({ color: "#35424a", width: 2 }), zIndex: 4 });
    default:
      return zoneStyle(feature, resolution);
  }
}

function zoneStyle(feature: FeatureLike, resolution: number): Style | Style[] {
  const look = ZONES[zoneOf(feature)] ?? ZONES["exclusion"]!;
  const width = Number(feature.get("width") ?? 0) / resolution;
  if (width > 0) {
    const road = new Style({ stroke: new Stroke({ color: look.fill, width }), zIndex: 0 });
    return [road, ...named(new Style({ stroke: new Stroke({ color: look.line, width: 2 }), zIndex: 1 }), feature)];
  }
  const stroke = new Stroke({ color: look.line, width: 2, ...(look.dash ? { lineDash: look.dash } : {}) });
  return named(new Style({ fill: new Fill({ color: look.fill }), stroke, zIndex: 1 }), feature);
}

/** As wide as the buffer around a polygon; a circle was made larger instead. */
function bufferStyle(feature: FeatureLike, resolution: number): Style {
  if (feature.get("radius_m")) return new Style({ stroke: new Stroke({ color: "#b10e1e", width: 1.5, lineDash: [4, 5] }), zIndex: 1 });
  const around = (2 * Number(feature.get("around") ?? 0)) / resolution;
  const corridor = Number(feature.get("width") ?? 0) / resolution;
  return new Style({ stroke: new Stroke({ color: "rgba(177, 14, 30, 0.1)", width: Math.max(2, around + corridor), lineJoin: "round" }), zIndex: 0 });
}

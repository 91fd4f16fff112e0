/** Vector tiles (Protomaps or OpenMapTiles), drawn simply: water, green, roads, borders, names. In a piece of its own, since few have them. */

import MVT from "ol/format/MVT";
import VectorTileLayer from "ol/layer/VectorTile";
import VectorTileSource from "ol/source/VectorTile";
import Fill from "ol/style/Fill";
import Stroke from "ol/style/Stroke";
import Style from "ol/style/Style";
import Text from "ol/style/Text";
import type { FeatureLike } from "ol/Feature";
import type { Basemap } from "./basemap";

const filled = (color: string): Style => new Style({ fill: new Fill({ color }) });
const lined = (color: string, width: number): Style => new Style({ stroke: new Stroke({ color, width }) });

const WATER = filled("#cfe0ea");
const WATER_LINE = lined("#b9d3e2", 1.5);
const GREEN = filled("#dbe8d3");
const LAND = filled("#f4f2ec");
const BUILDING = filled("#e2ddd3");
const BORDER = lined("#b9b4bf", 1);
const ROADS: Record<string, Style> = { highway: lined("#f0c876", 3), major_road: lined("#fae3ae", 2.4), minor_road: lined("#ffffff", 1.4), rail: lined("#c4c0bb", 1) };
const GREENS = /park|wood|forest|grass|nature|garden|cemetery|meadow|pitch|scrub/;

/** What a feature is of: both schemas name their layers alike enough. */
function styleOf(feature: FeatureLike): Style | undefined {
  const layer = String(feature.get("layer"));
  const kind = String(feature.get("kind") ?? feature.get("class") ?? feature.get("pmap:kind") ?? "");
  switch (layer) {
    case "water":
    case "waterway":
      return /Line/.test(feature.getGeometry()?.getType() ?? "") ? WATER_LINE : WATER;
    case "earth":
      return LAND;
    case "landuse":
    case "landcover":
    case "natural":
    case "park":
      return GREENS.test(kind) || layer === "park" ? GREEN : undefined;
    case "buildings":
    case "building":
      return BUILDING;
    case "boundaries":
    case "boundary":
      return BORDER;
    case "roads":
    case "transportation":
      if (/motorway|trunk|highway/.test(kind)) return ROADS["highway"];
      if (/primary|secondary|tertiary|major/.test(kind)) return ROADS["major_road"];
      return /rail/.test(kind) ? ROADS["rail"] : ROADS["minor_road"];
    case "places":
    case "place":
      return named(String(feature.get("name:en") ?? feature.get("name") ?? ""));
    default:
      return undefined;
  }
}

function named(text: string): Style | undefined {
  if (!text) return undefined;
  return new Style({ text: new Text({ text, font: "600 12px system-ui, sans-serif", fill: new Fill({ color: "#3b4348" }), stroke: new Stroke({ color: "#fff", width: 3 }) }) });
}

export function vectorTiles(told: NonNullable<Basemap["tiles"]>): VectorTileLayer {
  const source = new VectorTileSource({ format: new MVT(), url: told.url, minZoom: told.min_zoom, maxZoom: told.max_zoom, attributions: told.attribution });
  return new VectorTileLayer({ source, style: styleOf, declutter: true, zIndex: 1 });
}

/** A map in its frame: the view, the controls with words, keys that move it, and what lies under it all. */

import OlMap from "ol/Map";
import View from "ol/View";
import Attribution from "ol/control/Attribution";
import ScaleLine from "ol/control/ScaleLine";
import Zoom from "ol/control/Zoom";
import { defaults as interactions } from "ol/interaction/defaults";
import { mapX, mapY } from "../shared/geo";
import { SEA, baseLayers } from "./basemap";

const CALM = matchMedia("(prefers-reduced-motion: reduce)");
const WHOLE = [mapX(-11.5), mapY(48.6), mapX(4.5), mapY(61.2)];
const HOME = { centre: [mapX(-2.1), mapY(53.1)], zoom: 6.4 };

/** How long a movement of the view takes: none for whoever asked for less motion. */
export const motionMs = (): number => (CALM.matches ? 0 : 250);

/** A map in `target`, which can be moved with the arrows, + and - when it has the focus. */
export function framed(target: HTMLElement, { wheelNeedsFocus = false } = {}): OlMap {
  target.style.background = SEA;
  const map = new OlMap({
    target,
    controls: [
      new Zoom({ zoomInTipLabel: "Nearer", zoomOutTipLabel: "Farther", duration: motionMs() }),
      new ScaleLine({ units: "metric", minWidth: 70 }),
      new Attribution({ collapsible: true, tipLabel: "Where the map is from" }),
    ],
    interactions: interactions({ altShiftDragRotate: false, pinchRotate: false, onFocusOnly: wheelNeedsFocus }),
    view: new View({ center: HOME.centre, zoom: HOME.zoom, minZoom: 4, maxZoom: 19, enableRotation: false, extent: WHOLE, showFullExtent: true, constrainOnlyCenter: true }),
    maxTilesLoading: 8,
  });
  void baseLayers().then((layers) => {
    for (const layer of layers) map.addLayer(layer);
  });
  return map;
}

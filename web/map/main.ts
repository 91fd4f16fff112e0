/** The live map's page. */

import { liveMap } from "./live";

declare global {
  interface Window {
    bailiwickMap?: object;
  }
}

const target = document.getElementById("live-map");
if (target) {
  const live = await liveMap(target);
  if (new URLSearchParams(location.search).has("measure")) {
    const { measuring } = await import("./measure");
    window.bailiwickMap = measuring(live);
  }
  target.dataset["ready"] = "true";
}

/** The track player: says why one looks, then shows and plays a trail. */

import { render } from "preact";
import { Track, type Given } from "./track";

const target = document.getElementById("track");
const island = document.getElementById("track-data");
if (target && island?.textContent) {
  target.replaceChildren();
  render(<Track {...(JSON.parse(island.textContent) as Given)} />, target);
}

/** The alert queue's page. */

import { App } from "./app";
import { readIsland } from "./island";

const root = document.getElementById("queue");
if (root) {
  root.replaceChildren();
  new App(root, readIsland()).start();
}

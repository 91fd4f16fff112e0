// Outages that stand now: one line each on top of the page, with the way to those who must be seen to first.

import { get } from "./source.js";
import { number, timeElement } from "./words.js";

const box = document.getElementById("incidents");
const SHOWN = 5;

function line(incident) {
  const words = document.createElement("p");
  const list = document.createElement("a");
  list.href = `/api/v1/incidents/${incident.id}/silent`;
  list.textContent = "Who must be seen to first";
  words.append(`Outage: ${number(incident.silent)} of ${number(incident.devices)} devices silent since `,
    timeElement(incident.opened), ". Their lost contact is held under it. ", list, ".");
  words.dataset.id = incident.id;
  return words;
}

/** Reads what stands now. */
export async function readIncidents() {
  const page = await get(`incidents?open=true&limit=${SHOWN}`);
  const found = await Promise.all(page.items.map((one) => get(`incidents/${one.id}`)));
  const lines = found.map(line);
  const said = (elements) => [...elements].map((element) => element.textContent).join();
  if (said(lines) !== said(box.children)) box.replaceChildren(...lines);
  box.hidden = lines.length === 0;
}

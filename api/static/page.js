// The page: figures every two seconds, positions every ten, alerts as they are committed.

import { changed, readAlerts, startAlerts } from "./alerts.js";
import { showFigures } from "./figures.js";
import { readIncidents } from "./incidents.js";
import { WearerMap } from "./map.js";
import { readSession, send } from "./session.js";
import { follow, get, repeat } from "./source.js";
import { ageWords, number, sentence, timeElement } from "./words.js";

const FIGURES_MS = 2_000;
const POSITIONS_MS = 10_000;
const MARKS_MS = 10_000;
const MARKS_LIMIT = 1_000;
const INCIDENTS_MS = 10_000;
const STILL_MS = 15_000;

const $ = (id) => document.getElementById(id);
const state = { stream: "connecting", figures: "connecting", heard: null };

/** One lamp for both ways in which we are connected; a banner says from when what is shown dates. */
function showLink() {
  const lost = state.stream === "lost" || state.figures === "lost";
  const live = state.stream === "live" && state.figures === "live";
  const word = lost ? "lost" : live ? "live" : "connecting";
  $("link").dataset.state = word;
  const words = { lost: "Connection lost", live: "Live", connecting: "Connecting" };
  if ($("link-words").textContent !== words[word]) $("link-words").textContent = words[word];
  document.body.classList.toggle("stale", lost);
  const banner = $("lost");
  if (lost && banner.hidden) {
    banner.replaceChildren("Connection lost. ", ...(state.heard
      ? ["What you see is as it was at ", timeElement(state.heard), ". "]
      : ["Nothing could be read yet. "]), "Trying again.");
  }
  banner.hidden = !lost;
}

/** Ingest decides once a second: when it stands still, or never began, people must know that silence says nothing. */
function showStill(counts) {
  const still = $("still");
  const age = counts.at === null ? Infinity : Date.now() - Date.parse(counts.at);
  still.hidden = counts.wearers === 0 || age <= STILL_MS;
  if (still.hidden) return;
  still.replaceChildren(...(counts.at === null
    ? ["Ingest has decided nothing yet: nobody is watched."]
    : ["Ingest has decided nothing since ", timeElement(counts.at), ". Silence is not judged, and what you see is old."]));
}

function note(part, word) {
  state[part] = word;
  showLink();
}

const failed = () => note("figures", "lost");

async function readFigures() {
  try {
    const counts = await get("counts");
    showFigures(counts);
    state.heard = new Date().toISOString();
    showEmpty(counts);
    showStill(counts);
    note("figures", "live");
  } catch {
    failed();
  }
}

function showEmpty(counts) {
  const empty = $("map-empty");
  const caseload = counts.wearers > 0;
  if (caseload && map.wearers.length) {
    empty.hidden = true;
    return;
  }
  empty.textContent = caseload
    ? "No position has come in yet."
    : "The caseload is empty. bailiwick import FILE brings one; make demo shows everything with invented people.";
  empty.hidden = false;
}

function showFound(item) {
  const box = $("found");
  box.hidden = item === null;
  if (item === null) return;
  const title = document.createElement("strong");
  title.textContent = item.wearer;
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "×";
  close.setAttribute("aria-label", "Close");
  close.addEventListener("click", () => map.forget());
  const list = document.createElement("dl");
  const pairs = [
    ["Last fix", [timeElement(item.t), ` (${ageWords(Date.now() - Date.parse(item.t))} ago)`]],
    ["Accuracy", [`${number(Math.round(item.acc))} m (95 %)`]],
    ["Source", [item.src.toUpperCase(), item.quality === "ok" ? "" : `, ${item.quality}`]],
    ["Device", [item.device]],
    ["Place", [`${item.lat.toFixed(5)}, ${item.lon.toFixed(5)}`]],
  ];
  for (const [name, value] of pairs) {
    const row = document.createElement("div");
    const dt = document.createElement("dt");
    dt.textContent = name;
    const dd = document.createElement("dd");
    dd.append(...value);
    row.append(dt, dd);
    list.append(row);
  }
  box.replaceChildren(title, close, list);
}

const map = new WearerMap($("canvas"), showFound);

async function readPositions() {
  const items = [];
  try {
    for (let path = "positions"; path !== null;) {
      const page = await get(path);
      items.push(...page.items);
      path = page.next;
    }
  } catch {
    return failed();
  }
  map.show(items, Date.now());
  $("places-note").textContent = items.length ? `${number(items.length)} wearers, as orders permit` : "";
}

async function readMarks() {
  try {
    const found = new Map();
    for (const severity of ["serious", "critical"]) {
      const page = await get(`alerts?state=active&grouped=false&severity=${severity}&limit=${MARKS_LIMIT}`);
      for (const alert of page.items) if (alert.wearer) found.set(alert.wearer, severity);
    }
    map.mark(found);
  } catch {
    failed();
  }
}

$("find").addEventListener("submit", (event) => {
  event.preventDefault();
  const wanted = $("find-wearer").value.trim();
  if (wanted && !map.find(wanted)) {
    const box = $("found");
    box.hidden = false;
    box.textContent = `No position of ${wanted}.`;
  }
});
$("closer").addEventListener("click", () => map.view.zoomBy(1.6));
$("farther").addEventListener("click", () => map.view.zoomBy(1 / 1.6));
$("whole").addEventListener("click", () => map.view.whole());

function showWho(me) {
  $("who").textContent = `${me.shown}, ${sentence(me.role).toLowerCase()}`;
  $("who").title = me.name;
  $("sign-out").addEventListener("click", async () => {
    await send("DELETE", "").catch(() => null);
    location.replace("/sign-in");
  });
}

/** What the role may see is asked for; what it may not is not there. */
function start(me) {
  const may = (deed) => me.deeds.includes(deed);
  const parts = { figures: may("figures.read"), alerts: may("alerts.read"), places: may("positions.read") };
  for (const [id, there] of Object.entries(parts)) $(id).hidden = !there;
  $("apart").hidden = parts.alerts || parts.places;
  $("apart").textContent = `Alerts and positions are not shown to your role (${sentence(me.role).toLowerCase()}).`;
  const incidents = may("incidents.read") ? () => readIncidents().catch(failed) : async () => {};
  if (parts.figures) repeat(readFigures, FIGURES_MS);
  else note("figures", "live");
  if (parts.places) {
    map.load("/static/outline.json").catch(failed);
    repeat(readPositions, POSITIONS_MS);
  }
  const readIncidentsNow = repeat(incidents, INCIDENTS_MS);
  if (!parts.alerts) return note("stream", "live");
  startAlerts(failed);
  const readMarksNow = repeat(parts.places ? readMarks : async () => {}, MARKS_MS);
  return follow({
    alert: (alert) => {
      changed(alert);
      if (alert.kind === "mass_outage") void readIncidentsNow();
    },
    begin: () => { readAlerts().catch(failed); void readMarksNow(); void readIncidentsNow(); },
    link: (word) => note("stream", word),
  });
}

/** Tried until an answer comes: it says who we are, or that nobody is signed in. */
async function known() {
  for (;;) {
    try {
      return await readSession();
    } catch {
      failed();
      await new Promise((resolve) => { setTimeout(resolve, FIGURES_MS); });
    }
  }
}

const me = await known();
if (me === null) location.replace("/sign-in");
else {
  showWho(me);
  start(me);
}

// The alert list: newest first, each alert once, changed in place by the stream.

import { alertWords, number, sentence, timeElement } from "./words.js";
import { get } from "./source.js";
import { startWork, workCell } from "./work.js";

const $ = (id) => document.getElementById(id);
const PAGE = 100;
const KEPT = 500;
const ANNOUNCE_MS = 3_000;

const rows = new Map();
let which = "active";
let next = null;
let raisedLately = 0;

/** Newest first; ids have 64 bits and stay strings, so they are compared by length and then by digits. */
function before(a, b) {
  if (a.raised !== b.raised) return Date.parse(b.raised) - Date.parse(a.raised) || (a.raised < b.raised ? 1 : -1);
  return b.id.length - a.id.length || (a.id < b.id ? 1 : -1);
}

const URGENT = ["critical", "serious"];
const OPEN = ["raised", "claimed", "actioned"];
const NONE = {
  urgent: "No critical or serious alert is left.",
  active: "No active alert is left.",
  open: "No alert is left to close.",
  all: "There has been no alert yet.",
};

/** What an outage holds is not listed beside it: it has its own place on top, and is let go of one by one. */
function wanted(alert) {
  if (alert.withdrawn || alert.grouped_under) return false;
  if (which !== "all" && alert.work === "closed") return false;
  return which === "all" || which === "open" || (alert.state === "active" && (which === "active" || URGENT.includes(alert.severity)));
}

function path() {
  const filters = which === "all" ? [] : OPEN.map((work) => `work=${work}`);
  if (which === "active" || which === "urgent") filters.push("state=active");
  if (which === "urgent") filters.push(...URGENT.map((severity) => `severity=${severity}`));
  return ["alerts?grouped=false&limit=" + PAGE, ...filters].join("&");
}

function cell(...children) {
  const td = document.createElement("td");
  td.append(...children);
  return td;
}

function element(name, className, text) {
  const made = document.createElement(name);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function fill(row, alert) {
  const shape = element("span", `shape ${alert.severity}`);
  shape.setAttribute("aria-hidden", "true");
  const mark = element("span", "severity");
  mark.append(shape, element("span", "word", sentence(alert.severity)));
  const what = element("div", "what", alertWords(alert.kind, alert.code));
  const under = element("div", "under");
  under.textContent = [alert.code, alert.condition && `condition ${alert.condition}`, alert.device && `device ${alert.device}`]
    .filter(Boolean).join(" · ");
  const who = element("span", "who", alert.wearer ?? alert.victim ?? alert.device ?? "the service");
  const raised = timeElement(alert.raised);
  const state = element("span", "state", alert.state === "active" ? "" : "Cleared");
  // Whoever is on a button of this line stays there when the line changes under them.
  const held = row.contains(document.activeElement) ? document.activeElement.dataset.act : null;
  row.replaceChildren(cell(mark), cell(what, under), cell(who), cell(raised, state), workCell(alert));
  if (held) (row.querySelector(`button[data-act="${held}"]`) ?? row.querySelector("button"))?.focus();
  row.className = `${alert.severity} ${alert.state}`;
  row.dataset.id = alert.id;
}

function place(alert) {
  const row = document.createElement("tr");
  fill(row, alert);
  const body = $("alert-rows");
  // Most come in at the top: looking from there is the short way.
  let below = body.firstElementChild;
  while (below && before(rows.get(below.dataset.id).alert, alert) < 0) below = below.nextElementSibling;
  body.insertBefore(row, below);
  rows.set(alert.id, { alert, row });
  return row;
}

function remove(id) {
  rows.get(id)?.row.remove();
  rows.delete(id);
}

function trim() {
  while (rows.size > KEPT) {
    remove($("alert-rows").lastElementChild.dataset.id);
    next = null;
  }
}

function showRest() {
  const empty = $("alerts-empty");
  empty.hidden = rows.size > 0;
  empty.textContent = NONE[which];
  $("older").hidden = next === null;
}

/** What was answered to us may be newer than what the stream still brings. */
const answered = new Map();
const older = (alert, than) => than !== undefined && BigInt(alert.revision) < BigInt(than);

function show(alert, fresh) {
  const held = rows.get(alert.id);
  if (older(alert, answered.get(alert.id)) || older(alert, held?.alert.revision)) return;
  if (!wanted(alert)) {
    if (held) remove(alert.id);
  } else if (held) {
    held.alert = alert;
    fill(held.row, alert);
  } else {
    const row = place(alert);
    if (fresh) {
      row.classList.add("fresh");
      raisedLately += 1;
    }
  }
}

/** Says how many came, now and then: a reader of screens must not hear a thousand lines in a storm. */
setInterval(() => {
  if (!raisedLately) return;
  $("announce").textContent = raisedLately === 1 ? "A new alert" : `${number(raisedLately)} new alerts`;
  raisedLately = 0;
}, ANNOUNCE_MS);

const waiting = new Map();
let drawing = false;
let meanwhile = null;

/** A change from the stream. Changes of one frame are shown together. */
export function changed(alert) {
  waiting.set(alert.id, alert);
  meanwhile?.set(alert.id, alert);
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    for (const one of waiting.values()) show(one, true);
    waiting.clear();
    trim();
    showRest();
  });
}

/** Reads the list anew. What the stream brings meanwhile is newer and wins. */
export async function readAlerts() {
  const asked = which;
  const newer = (meanwhile = new Map());
  const page = await get(path());
  if (asked !== which || meanwhile !== newer) return;
  meanwhile = null;
  rows.clear();
  $("alert-rows").replaceChildren();
  next = page.next;
  for (const alert of page.items) if (!newer.has(alert.id)) show(alert, false);
  for (const alert of newer.values()) show(alert, true);
  showRest();
}

async function readOlder() {
  if (next === null) return;
  const page = await get(next);
  next = page.next;
  for (const alert of page.items) if (!rows.has(alert.id)) show(alert, false);
  showRest();
}

/** An alert as an answer to somebody on this page has it. */
function showAnswer(alert) {
  answered.set(alert.id, alert.revision);
  meanwhile?.set(alert.id, alert);
  show(alert, false);
  showRest();
}

export function startAlerts(failed) {
  startWork({
    show: showAnswer,
    alert: (id) => rows.get(id)?.alert,
    button: (id) => rows.get(id)?.row.querySelector("button"),
    redraw: () => { for (const { alert, row } of rows.values()) fill(row, alert); },
  });
  $("older").addEventListener("click", () => readOlder().catch(failed));
  for (const radio of document.querySelectorAll('input[name="which"]')) {
    radio.addEventListener("change", () => {
      which = radio.value;
      readAlerts().catch(failed);
    });
  }
}

// Work on alerts: claim, release, close with an outcome, undo. What is refused is said in words, and nothing typed is lost.

import { session } from "./session.js";
import { get, post } from "./source.js";
import { DONE, alertWords, sentence, timeElement } from "./words.js";

const $ = (id) => document.getElementById(id);
const UNDO_S = 60;
const SENIOR = ["supervisor", "duty_manager"];
const OUTCOMES = [
  ["confirmed", "It happened"],
  ["explained", "It happened, and there is an explanation"],
  ["equipment", "The equipment was the cause; the officer is asked to assess it"],
  ["false", "It did not happen; the officer is asked to assess it"],
  ["duplicate", "Another alert is about the same"],
];

let list = null;

// ---- who we are ----

function who() {
  const me = session();
  return me === null ? null : { actor: me.name, role: me.role, works: me.deeds.includes("alerts.work") };
}

// ---- one thing done ----

const heading = (alert) => `${alertWords(alert.kind, alert.code)}, ${alert.wearer ?? alert.victim ?? alert.device ?? "the service"}`;

function say(...words) {
  $("said").replaceChildren(...words);
  $("said").hidden = words.length === 0;
}

/** Why something was not done, for people: of 412 who was faster, with what, and when. */
function refusal(answer) {
  const { changed, errors, detail, title } = answer.body;
  if (errors) return errors.map((one) => `${sentence(one.cause)}. `);
  if (answer.status !== 412 || !changed?.event) return [`${sentence(detail ?? title)}.`];
  const did = DONE.get(changed.event) ?? `did ${changed.event}`;
  return [`${changed.by ?? "The service"} ${did} at `, timeElement(changed.at), ". You see it as it is now."];
}

/**
 * Does one thing to an alert as it was seen. Gives it as it is now, and when nothing was done, `why` in words.
 */
async function act(alert, event, body) {
  const headers = { "If-Match": `"${alert.revision}"` };
  let answer;
  try {
    answer = await post(`alerts/${alert.id}/${event}`, body, headers);
  } catch {
    return { now: alert, why: ["No answer came. Look at the alert before you try again."] };
  }
  if (answer.status === 200) {
    list.show(answer.body);
    return { now: answer.body, why: null };
  }
  if (answer.status === 401) return { now: alert, why: ["You are not signed in any more. Sign in in another tab, then try again."] };
  const now = await get(`alerts/${alert.id}`).catch(() => alert);
  list.show(now);
  return { now, why: refusal(answer) };
}

const NOT_DONE = { claim: "Not claimed", release: "Not released", reopen: "Not undone" };

async function press(alert, event) {
  say();
  const { why } = await act(alert, event, {});
  if (why !== null) say(element("strong", `${NOT_DONE[event]}: ${heading(alert)}. `), ...why);
  return why === null;
}

// ---- closing, and undoing it ----

let closing = null;

function openClosing(alert) {
  say();
  $("closing-form").reset();
  $("closing-refused").hidden = true;
  showClosing(alert);
  $("closing").returnValue = "";
  $("closing").showModal();
}

/** What the dialog says of the alert that it closes: as it was seen last. */
function showClosing(alert) {
  closing = alert;
  const critical = alert.severity === "critical";
  $("closing-title").textContent = `Close: ${heading(alert)}`;
  const about = [alert.state === "active" ? "still active" : "cleared", alert.condition && `condition ${alert.condition}`];
  $("closing-what").replaceChildren([sentence(alert.severity), ...about.filter(Boolean)].join(", "), ", raised ", timeElement(alert.raised));
  $("note").required = critical;
  $("note-label").textContent = `Note, in your own words${critical ? " (a critical alert needs one)" : ""}`;
}

async function takeClosing(event) {
  event.preventDefault();
  const form = new FormData(event.target);
  const alert = list.alert(closing.id) ?? closing;
  const body = { outcome: form.get("outcome") };
  for (const name of ["note", "explanation"]) if (form.get(name).trim()) body[name] = form.get(name).trim();
  const { now, why } = await act(alert, "close", body);
  const refused = $("closing-refused");
  refused.hidden = why === null;
  if (why !== null) {
    showClosing(now);
    return refused.replaceChildren(...why);
  }
  $("closing").close("closed");
  offerUndo(now, body.outcome);
}

function offerUndo(alert, outcome) {
  const line = element("p", `Closed as ${outcome}: ${heading(alert)}. `);
  const undo = button("Undo", "undo", `Undo the closing of ${heading(alert)}`);
  const left = element("span", `${UNDO_S} s`, "soft");
  left.setAttribute("aria-hidden", "true");
  line.append(undo, " ", left);
  const until = Date.now() + UNDO_S * 1000;
  const gone = () => { clearInterval(timer); line.remove(); };
  const timer = setInterval(() => {
    const seconds = Math.ceil((until - Date.now()) / 1000);
    left.textContent = `${seconds} s`;
    if (seconds <= 0) gone();
  }, 1000);
  undo.addEventListener("click", async () => {
    const now = await get(`alerts/${alert.id}`).catch(() => alert);
    if (await press(now, "reopen")) list.button(alert.id)?.focus();
    gone();
  });
  $("undos").append(line);
  undo.focus();
}

// ---- the cell of a line ----

function element(name, text, className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  made.className = className;
  return made;
}

function button(text, act, label) {
  const made = element("button", text);
  made.type = "button";
  made.dataset.act = act;
  made.setAttribute("aria-label", label);
  return made;
}

/** Who has it, and what we may do about it. */
export function workCell(alert) {
  const me = who();
  const cell = document.createElement("td");
  cell.className = "work";
  const holder = element("div", "", "holder");
  const mine = me !== null && alert.holder === me.actor;
  if (alert.work === "closed") {
    holder.textContent = `Closed${alert.outcome ? `: ${alert.outcome}` : ""}${alert.closed_by ? `, ${alert.closed_by}` : ""}`;
  } else if (alert.holder) {
    holder.append(element("span", mine ? "You" : alert.holder, "name"), ...(alert.claim_ends ? [" until ", timeElement(alert.claim_ends)] : []));
  } else {
    holder.textContent = "Nobody";
  }
  cell.append(holder);
  if (alert.work === "closed" || !me?.works) return cell;
  const acts = element("div", "", "acts");
  const about = heading(alert);
  if (!alert.holder) acts.append(button("Claim", "claim", `Claim ${about}`));
  else if (mine) acts.append(button("Release", "release", `Release ${about}`));
  else if (SENIOR.includes(me.role)) acts.append(button("Take over", "claim", `Take over ${about} from ${alert.holder}`));
  if (!alert.holder || mine || SENIOR.includes(me.role)) acts.append(button("Close", "close", `Close ${about}`));
  cell.append(acts);
  return cell;
}

/** `lines` is the list: `show` an alert as answered, the `alert` of an id, its first `button`, `redraw` all. */
export function startWork(lines) {
  list = lines;
  for (const [value, words] of OUTCOMES) {
    const label = document.createElement("label");
    const radio = document.createElement("input");
    Object.assign(radio, { type: "radio", name: "outcome", value, required: true });
    label.append(radio, element("strong", sentence(value)), element("span", words, "soft"));
    $("outcomes").append(label);
  }
  $("alert-rows").addEventListener("click", (event) => {
    const pressed = event.target.closest("button[data-act]");
    const alert = pressed && list.alert(pressed.closest("tr").dataset.id);
    if (!alert) return;
    if (pressed.dataset.act === "close") openClosing(alert);
    else void press(alert, pressed.dataset.act);
  });
  $("closing").addEventListener("close", () => {
    // The line may have been drawn anew behind the dialog.
    if ($("closing").returnValue !== "closed") list.button(closing.id)?.focus();
  });
  $("closing-form").addEventListener("submit", (event) => void takeClosing(event));
  $("closing").querySelector("[data-cancel]").addEventListener("click", () => $("closing").close(""));
}

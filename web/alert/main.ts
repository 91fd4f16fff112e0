/** The page of one alert: its keys, its countdowns on the server's clock, and what others do to it meanwhile. */

import { ask } from "../shared/api";
import { clock, now, span } from "../shared/clock";
import { addKeys, keyOf } from "../shared/keys";
import { follow } from "../shared/stream";
import { sendWhenHeard } from "./sending";

interface Alert {
  id: string;
  revision: string;
  work: string;
  holder: string | null;
}

const EVERY_MS = 1_000;
const COMMANDS_EVERY_MS = 4_000;
const UNDER_WAY = new Set(["waiting", "leased", "sent"]);
const page = document.querySelector<HTMLElement>("[data-alert]");
const press = (name: string): HTMLElement | null => document.querySelector<HTMLElement>(`[data-press="${name}"]`);

/** The page anew, by its own address: what was shown may be the answer to a form, which is not to be sent again. */
function fresh(): void {
  location.assign(`/alerts/${page?.dataset["alert"] ?? ""}`);
}

function keys(): void {
  const group = "This alert";
  const act = (name: string) => (): void => press(name)?.click();
  // What needs words leads to where they are typed when there are none yet.
  const decide = (name: string) => (): void => {
    const note = document.querySelector<HTMLTextAreaElement>("#note");
    if (note && note.value.trim() === "") note.focus();
    else press(name)?.focus();
  };
  const wanted = [
    { name: "alert.claim", key: "c", words: "Claim it, or renew the claim", act: act("alert.claim") },
    { name: "alert.release", key: "r", words: "Give it back", act: act("alert.release") },
    { name: "alert.action", key: "a", words: "Record what was done: to the note, then its button", act: decide("alert.action") },
    { name: "alert.escalate", key: "e", words: "Escalate: to the note, then its button", act: decide("alert.escalate") },
    { name: "alert.close", key: "f", words: "Close: to the note, then its button", act: decide("alert.close") },
    { name: "alert.undo", key: "u", words: "Undo the closing", act: act("alert.undo") },
    { name: "alert.contact", key: "k", words: "Enter a contact", act: contact },
    { name: "alert.locate", key: "l", words: "Ask the device where it is", act: act("alert.locate") },
  ];
  addKeys(wanted.filter((one) => press(one.name)).map((one) => ({ ...one, group })));
  addKeys([{ name: "alert.fresh", key: "n", words: "Show the alert as it is now", group, act: fresh }]);
  for (const shown of document.querySelectorAll<HTMLElement>("[data-key-of]")) {
    shown.textContent = keyOf(shown.dataset["keyOf"] ?? "");
    shown.hidden = shown.textContent === "";
  }
}

function contact(): void {
  const details = document.querySelector<HTMLDetailsElement>("#contact-details");
  if (!details) return;
  details.open = true;
  document.getElementById("contact-party")?.focus();
}

function countDown(): void {
  for (const one of document.querySelectorAll<HTMLElement>("[data-due]")) {
    const left = Date.parse(one.dataset["due"] ?? "") - now();
    one.textContent = left > 0 ? `in ${span(left)}` : `${span(-left)} ago`;
    one.toggleAttribute("data-over", left <= 0);
  }
  for (const one of document.querySelectorAll<HTMLElement>("[data-since]")) {
    one.textContent = `${span(now() - Date.parse(one.dataset["since"] ?? ""))} ago`;
  }
}

/** The undo goes when its time is over, counted from when the page was written. */
function undo(): void {
  const place = document.querySelector<HTMLElement>("[data-until]");
  if (!place) return;
  const ends = now() + Number(place.dataset["until"]) * 1_000;
  const timer = window.setInterval(() => {
    const left = Math.ceil((ends - now()) / 1_000);
    const shown = place.querySelector("[data-seconds]");
    if (left > 0 && shown) shown.textContent = String(left);
    if (left > 0) return;
    place.replaceChildren("It can no longer be undone.");
    window.clearInterval(timer);
  }, EVERY_MS);
}

/** What became of the commands that were under way when the page was written. */
function commands(): void {
  const words = JSON.parse(document.getElementById("command-states")?.textContent ?? "{}") as Record<string, string>;
  const look = async (place: HTMLElement): Promise<void> => {
    const told = await ask<{ state: string; detail: string | null }>(`commands/${place.dataset["command"] ?? ""}`, { background: true });
    const shown = words[told.body.state] ?? told.body.state;
    if (place.textContent !== shown) place.textContent = shown;
    if (!UNDER_WAY.has(told.body.state)) delete place.dataset["command"];
  };
  const timer = window.setInterval(() => {
    const open = document.querySelectorAll<HTMLElement>("[data-command]");
    if (open.length === 0) window.clearInterval(timer);
    // One that is refused or not answered is asked again the next time.
    if (!document.hidden) for (const place of open) look(place).catch(() => undefined);
  }, COMMANDS_EVERY_MS);
}

function say(words: string): void {
  let line = document.getElementById("changed");
  if (!line) {
    line = document.createElement("p");
    line.id = "changed";
    line.className = "bw-banner bw-banner--calm";
    line.setAttribute("role", "status");
    document.getElementById("banners")?.append(line);
  }
  const show = document.createElement("button");
  show.type = "button";
  show.className = "bw-link-button";
  show.textContent = `Show it as it is now${keyOf("alert.fresh") ? ` (${keyOf("alert.fresh")})` : ""}`;
  show.addEventListener("click", fresh);
  line.replaceChildren(`${words} What you typed is kept. `, show);
}

interface Task {
  id: string;
  done: string | null;
  not_needed: string[];
}

const TASKS_EVERY_MS = 15_000;

/** A call that is asked for, or not needed any more, while the page is open is told: it may be no change of the alert itself. */
function tasks(number: string): void {
  let known: string | undefined;
  const look = async (): Promise<void> => {
    const told = await ask<{ tasks: Task[] }>(`alerts/${number}/history`, { background: true });
    const open = told.body.tasks.filter((one) => one.done === null);
    const found = open.map((one) => `${one.id} ${one.not_needed.join(" ")}`).join(", ");
    if (known !== undefined && found !== known) say("What is to be done about it has changed.");
    known = found;
  };
  // What is refused or not answered is asked again the next time.
  const again = (): void => {
    if (!document.hidden) look().catch(() => undefined);
  };
  window.setInterval(again, TASKS_EVERY_MS);
  document.addEventListener("visibilitychange", again);
  again();
}

/** Somebody else, or the rules, changed it: told, and read anew when the reader wants it. */
function watch(number: string, revision: string): void {
  follow(
    {
      event(topic, body) {
        const alert = body as unknown as Alert;
        if (topic !== "alert" || alert.id !== number || BigInt(alert.revision) <= BigInt(revision)) return;
        const who = alert.holder ? `${alert.holder} has it` : alert.work === "closed" ? "it is closed" : "nobody has it";
        say(`This alert changed: ${who}.`);
      },
      anew: () => say("This page missed something."),
      link(state, heardMs) {
        const banner = document.getElementById("banner-stream");
        if (!banner) return;
        banner.hidden = state !== "stale";
        if (state === "stale") banner.textContent = `This page is not live: nothing was heard from the service since ${clock(heardMs, true)}.`;
      },
    },
    "alert",
  );
}

if (page) {
  keys();
  countDown();
  window.setInterval(countDown, EVERY_MS);
  undo();
  commands();
  if (page.dataset["tasks"] !== undefined) tasks(page.dataset["alert"] ?? "");
  sendWhenHeard();
  watch(page.dataset["alert"] ?? "", page.dataset["revision"] ?? "0");
  const first = document.querySelector<HTMLElement>("[data-focus]");
  first?.focus();
}

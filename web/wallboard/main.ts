/** The wallboard: takes its figures in again every few seconds, counts ages up by the server's clock, and sounds where it was switched on. */

import { addKeys } from "../shared/keys";
import { now, span } from "../shared/clock";
import { follow } from "../shared/stream";
import { every, soundIs, switchSound, tone } from "./sound";

const READ_MS = 3_000;
const TICK_MS = 1_000;
const GIVE_UP_MS = 10_000;
const AWAY_AFTER_MS = 12_000;

let read = now();
let reading = false;

const board = (): HTMLElement => document.getElementById("board") as HTMLElement;

async function takeIn(): Promise<void> {
  if (reading || document.hidden) return;
  reading = true;
  try {
    const answer = await fetch("/wallboard/board", { headers: { "Bailiwick-Background": "true" }, signal: AbortSignal.timeout(GIVE_UP_MS) });
    if (answer.redirected || answer.status === 401) {
      document.dispatchEvent(new CustomEvent("bailiwick:signed-out"));
      return;
    }
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("board");
    if (!fresh) return;
    board().replaceWith(fresh);
    read = now();
    document.dispatchEvent(new CustomEvent("bailiwick:fresh"));
  } catch {
    // The banner says for how long nothing was read.
  } finally {
    reading = false;
  }
}

function tick(): void {
  const oldest = document.getElementById("oldest");
  const since = oldest?.dataset["since"];
  if (oldest && since) oldest.textContent = span(now() - Date.parse(since));
  const away = document.getElementById("banner-stream");
  const late = now() - read;
  if (away) {
    away.hidden = late < AWAY_AFTER_MS;
    const words = `No figures came for ${span(late)}: what you see is old. It goes on by itself.`;
    if (!away.hidden && away.textContent !== words) away.textContent = words;
  }
  const critical = board().dataset["criticalSince"];
  const waits = critical ? now() - Date.parse(critical) : 0;
  if (soundIs() && waits > Number(board().dataset["soundsAfter"]) * 1000) every(10_000, tone);
}

function showSound(): void {
  const button = document.getElementById("sound");
  if (!button) return;
  button.textContent = soundIs() ? "Sound is on" : "Sound is off";
  button.setAttribute("aria-pressed", String(soundIs()));
}

async function wholeScreen(): Promise<void> {
  if (document.fullscreenElement) await document.exitFullscreen();
  else await document.documentElement.requestFullscreen();
}

function followLine(): void {
  const line = document.getElementById("line-state");
  if (!line?.hasAttribute("data-follows")) return;
  const words = { connecting: "Stream: connecting", live: "Stream: live", stale: "Stream: lost, coming back", ended: "Stream: ended" };
  follow({
    event: () => undefined,
    anew: () => void takeIn(),
    link: (state) => {
      line.textContent = words[state];
      line.toggleAttribute("data-wrong", state === "stale");
    },
  }, "alert");
}

document.getElementById("age")?.setAttribute("data-live", "");
document.getElementById("sound")?.addEventListener("click", () => {
  switchSound();
  showSound();
});
document.getElementById("whole")?.addEventListener("click", () => void wholeScreen());
addKeys([
  { name: "wall-whole", key: "f", words: "Full screen, and back", group: "Wallboard", act: () => void wholeScreen() },
  {
    name: "wall-sound",
    key: "s",
    words: "Sound on or off: a critical alert that nobody has for two minutes",
    group: "Wallboard",
    act: () => {
      switchSound();
      showSound();
    },
  },
]);
showSound();
followLine();
setInterval(tick, TICK_MS);
setInterval(() => void takeIn(), READ_MS);

/** How old the page is, in words beside its time; a page that reads itself anew calls `fresh`. */

import { clock, now, span } from "../shared/clock";

const OLD_MS = 5 * 60_000;
const EVERY_MS = 10_000;
let read = now();

function tell(): void {
  const line = document.getElementById("age");
  const words = line?.querySelector("[data-age-words]");
  if (!line || !words) return;
  const age = now() - read;
  words.textContent = age < 5_000 ? "" : `, ${span(age)} ago`;
  line.toggleAttribute("data-old", age > OLD_MS && !line.hasAttribute("data-live"));
}

/** What the page shows was read just now. */
export function fresh(): void {
  read = now();
  const time = document.querySelector<HTMLTimeElement>("#age time");
  if (time) {
    time.dateTime = new Date(read).toISOString();
    time.title = `${time.dateTime.slice(0, 19).replace("T", " ")} UTC`;
    time.textContent = clock(read, true);
  }
  tell();
}

export function watchAge(): void {
  document.addEventListener("bailiwick:fresh", fresh);
  setInterval(tell, EVERY_MS);
}

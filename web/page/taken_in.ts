/** A part of a page that the server writes and that changes: taken in again every few seconds, with the focus where it was. */

const GIVE_UP_MS = 15_000;

async function takeIn(place: HTMLElement): Promise<void> {
  if (document.hidden || place.contains(document.querySelector("dialog[open]"))) return;
  const answer = await fetch(place.dataset["takenIn"] ?? "", {
    headers: { "Bailiwick-Background": "true" },
    signal: AbortSignal.timeout(GIVE_UP_MS),
  });
  if (answer.redirected) {
    document.dispatchEvent(new CustomEvent("bailiwick:signed-out"));
    return;
  }
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("board");
  if (!fresh) return;
  const focused = document.activeElement?.id;
  place.replaceChildren(fresh);
  if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus({ preventScroll: true });
  document.dispatchEvent(new CustomEvent("bailiwick:fresh"));
}

export function takePartsIn(): void {
  for (const place of document.querySelectorAll<HTMLElement>("[data-taken-in]")) {
    document.getElementById("age")?.setAttribute("data-live", "");
    // A part that does not come now comes the next time; how old the page is stands below it.
    setInterval(() => void takeIn(place).catch(() => undefined), Number(place.dataset["everyS"] ?? "10") * 1_000);
  }
}

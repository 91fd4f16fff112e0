/** A form is sent while the service answers: else the browser would leave the page for an error page of its own. */

const GIVE_UP_MS = 8_000;
const LINE = "unsent";

async function answers(): Promise<boolean> {
  try {
    const answer = await fetch("/health", { cache: "no-store", signal: AbortSignal.timeout(GIVE_UP_MS) });
    // What stands before the service says so when there is nothing behind it.
    return answer.status !== 502 && answer.status !== 504;
  } catch {
    return false;
  }
}

function say(): void {
  document.getElementById(LINE)?.remove();
  const line = document.createElement("p");
  line.id = LINE;
  line.className = "bw-banner";
  line.setAttribute("role", "alert");
  line.textContent = "No answer came from the service: nothing was done. What you typed is kept. Try again; if it lasts, tell the duty manager.";
  document.getElementById("banners")?.append(line);
  line.scrollIntoView({ block: "nearest" });
}

export function sendWhenHeard(): void {
  let asking = false;
  let heard = false;
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    if (heard || event.defaultPrevented || form.method !== "post") return;
    event.preventDefault();
    if (asking) return;
    asking = true;
    void answers().then((there) => {
      asking = false;
      if (!there) return say();
      heard = true;
      form.requestSubmit(event.submitter);
      heard = false;
    });
  });
}

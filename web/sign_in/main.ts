/** The sign-in pages. They work without this; it shows what is typed when asked, goes on, and sends on what a lost session kept. */

import { PasswordInput, createAll } from "govuk-frontend";

const ONWARD = "bailiwick:onward";

createAll(PasswordInput);

/** A link from elsewhere brings no strict cookie, so the page was asked for by nobody: whoever is signed in all the same goes on. */
async function goOnWhenSignedIn(form: HTMLFormElement): Promise<void> {
  const answer = await fetch("/sign-in/now", { headers: { Accept: "application/json", "Bailiwick-Background": "true" } });
  const now = (await answer.json()) as { signed_in: boolean };
  if (!now.signed_in) return;
  const line = document.getElementById("signed-in");
  if (line) line.hidden = false;
  location.replace(form.dataset["onward"] ?? "/");
}

/** Over the provider and back nothing of ours goes along, so where one wanted to be stays in this tab. */
function rememberOnward(form: HTMLFormElement): void {
  document.querySelector("[data-provider]")?.addEventListener("click", () => {
    sessionStorage.setItem(ONWARD, form.dataset["onward"] ?? "/");
  });
}

function onwardFromProvider(link: HTMLAnchorElement): void {
  const kept = sessionStorage.getItem(ONWARD) ?? "/";
  sessionStorage.removeItem(ONWARD);
  const onward = new URL(kept, location.origin);
  link.href = onward.origin === location.origin ? onward.pathname + onward.search : "/";
  location.replace(link.href);
}

const entering = document.querySelector<HTMLFormElement>("form[data-onward]");
if (entering) {
  rememberOnward(entering);
  void goOnWhenSignedIn(entering).catch(() => undefined);
}
const back = document.querySelector<HTMLAnchorElement>("[data-go-on]");
if (back) onwardFromProvider(back);
document.querySelector<HTMLFormElement>("form[data-send-on]")?.requestSubmit();

/**
 * What is typed into a form stays in this tab until the form was done: a lost session, a refusal or a wrong key loses none of it.
 * A form that is to be kept has `data-draft="NAME"`, a name that says what it is about. Passwords are never kept.
 */

type Kept = Record<string, string[]>;

const place = (form: HTMLFormElement): string =>
  `bailiwick:draft:${document.documentElement.dataset["reader"] ?? ""}:${form.dataset["draft"] ?? ""}`;

type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

const isField = (one: Element): one is Field =>
  one instanceof HTMLInputElement || one instanceof HTMLTextAreaElement || one instanceof HTMLSelectElement;

const fields = (form: HTMLFormElement): Field[] =>
  [...form.elements]
    .filter(isField)
    .filter((one) => one.name !== "" && !["hidden", "password", "submit", "button", "file"].includes(one.type));

const ticked = (one: Element): one is HTMLInputElement =>
  one instanceof HTMLInputElement && (one.type === "checkbox" || one.type === "radio");

function save(form: HTMLFormElement): void {
  const kept: Kept = {};
  for (const one of fields(form)) {
    if (ticked(one) && !one.checked) continue;
    (kept[one.name] ??= []).push(one.value);
  }
  sessionStorage.setItem(place(form), JSON.stringify(kept));
}

/** Nobody has changed it since the page came: a draft does not overwrite what was typed before the scripts were there. */
function untouched(one: Field): boolean {
  if (ticked(one)) return one.checked === one.defaultChecked;
  if (!(one instanceof HTMLSelectElement)) return one.value === one.defaultValue;
  const first = [...one.options].find((option) => option.defaultSelected) ?? one.options[0];
  return one.value === (first?.value ?? "");
}

function restore(form: HTMLFormElement): boolean {
  const text = sessionStorage.getItem(place(form));
  if (!text) return false;
  const kept = JSON.parse(text) as Kept;
  let changed = false;
  for (const one of fields(form).filter(untouched)) {
    const values = kept[one.name] ?? [];
    if (ticked(one)) {
      const on = values.includes(one.value);
      changed ||= on !== one.checked;
      one.checked = on;
    } else if (values[0] !== undefined && values[0] !== one.value) {
      one.value = values[0];
      changed = true;
    }
  }
  return changed;
}

/** The draft of a form that was done goes; a script that sends a form itself calls this. */
export function forget(form: HTMLFormElement): void {
  sessionStorage.removeItem(place(form));
}

export function keepDrafts(): void {
  // The page that a form led to says which drafts were done.
  for (const done of document.querySelectorAll<HTMLElement>("[data-draft-done]")) {
    sessionStorage.removeItem(`bailiwick:draft:${document.documentElement.dataset["reader"] ?? ""}:${done.dataset["draftDone"] ?? ""}`);
  }
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-draft]")) {
    // A form that was refused came back with what was sent, which may be newer than the draft: keys go quicker than scripts load.
    const refused = form.querySelector(".govuk-error-message, .govuk-form-group--error") !== null;
    if (refused) save(form);
    else if (restore(form)) {
      const said = document.createElement("p");
      said.className = "govuk-inset-text";
      said.textContent = "What you typed before is here again. ";
      const drop = document.createElement("button");
      drop.type = "button";
      drop.className = "bw-link-button";
      drop.textContent = "Start afresh";
      drop.addEventListener("click", () => {
        forget(form);
        form.reset();
        said.remove();
      });
      said.append(drop);
      form.prepend(said);
    }
    form.addEventListener("input", () => save(form));
    form.addEventListener("change", () => save(form));
  }
}

/** The list of keys: shown by `?` or its button, where each can be changed, or all switched off. */

import { allKeys, chooseKey, forgetChoices, keyOf, keysAreOff, switchKeys, type Key } from "../shared/keys";

function element<Name extends keyof HTMLElementTagNameMap>(name: Name, className = "", text = ""): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

/** The key as it is, and what changes it: nothing is typed into the list by mistake. */
function fill(cell: HTMLTableCellElement, key: Key, said: HTMLElement): HTMLElement {
  const change = element("button", "bw-link-button", "Change");
  change.type = "button";
  change.disabled = keysAreOff();
  change.setAttribute("aria-label", `Change the key: ${key.words}`);
  change.addEventListener("click", () => ask(cell, key, said));
  cell.replaceChildren(element("kbd", "", keyOf(key.name) || key.key), " ", change);
  return change;
}

/** Another key is typed: it is taken when the field is left or by Enter, and Escape leaves the key as it was. */
function ask(cell: HTMLTableCellElement, key: Key, said: HTMLElement): void {
  const field = element("input", "govuk-input govuk-input--width-2");
  field.value = keyOf(key.name);
  field.maxLength = 1;
  field.setAttribute("aria-labelledby", `key-${key.name}`);
  field.addEventListener("blur", () => {
    const refused = field.value === keyOf(key.name) ? null : chooseKey(key.name, field.value);
    said.textContent = refused ?? "";
    fill(cell, key, said);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" && event.key !== "Enter") return;
    event.preventDefault();
    if (event.key === "Escape") field.value = keyOf(key.name);
    field.blur();
    cell.querySelector("button")?.focus();
  });
  cell.replaceChildren(field);
  field.focus();
  field.select();
}

function show(): void {
  document.getElementById("keys-dialog")?.remove();
  const dialog = element("dialog", "bw-dialog bw-dense");
  dialog.id = "keys-dialog";
  dialog.setAttribute("aria-labelledby", "keys-title");
  const title = element("h2", "govuk-heading-m", "Keys");
  title.id = "keys-title";
  const said = element("p", "govuk-error-message");
  said.setAttribute("role", "alert");
  dialog.append(title, said);
  const fixed = "Tab moves on, Enter or space presses, Escape leaves; ? shows this list.";
  const ends = element("div", "govuk-button-group");
  dialog.append(element("p", "govuk-body", keysAreOff() ? "Keys are switched off. " + fixed : fixed), ends);
  for (const [group, keys] of allKeys()) {
    const table = element("table", "govuk-table");
    table.append(element("caption", "govuk-table__caption govuk-table__caption--s", group));
    const body = table.createTBody();
    for (const key of keys) {
      const row = body.insertRow();
      row.className = "govuk-table__row";
      const words = element("th", "govuk-table__cell", key.words);
      words.scope = "row";
      words.id = `key-${key.name}`;
      const cell = row.insertCell();
      cell.className = "govuk-table__cell";
      row.prepend(words);
      fill(cell, key, said);
    }
    dialog.append(table);
  }
  const button = (words: string, plain: boolean, act: () => void): void => {
    const made = element("button", `govuk-button${plain ? " govuk-button--secondary" : ""}`, words);
    made.type = "button";
    made.addEventListener("click", act);
    ends.append(made);
  };
  button("Done", false, () => dialog.close());
  button(keysAreOff() ? "Switch keys on" : "Switch keys off", true, () => {
    switchKeys(!keysAreOff());
    dialog.close();
    show();
  });
  button("As they were", true, () => {
    forgetChoices();
    dialog.close();
    show();
  });
  document.body.append(dialog);
  dialog.showModal();
  ends.querySelector("button")?.focus();
}

export function helpWithKeys(): void {
  for (const one of document.querySelectorAll("[data-keys-help]")) one.addEventListener("click", show);
  document.addEventListener("keydown", (event) => {
    const typed = (event.target as Element | null)?.closest("input, textarea, select");
    if (event.key !== "?" || typed || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    show();
  });
}

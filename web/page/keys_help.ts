/** The list of keys: shown by `?` or its button, where each can be changed, or all switched off. */

import { allKeys, chooseKey, forgetChoices, keyOf, keysAreOff, switchKeys } from "../shared/keys";

function element<Name extends keyof HTMLElementTagNameMap>(name: Name, className = "", text = ""): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
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
  dialog.append(element("p", "govuk-body", keysAreOff() ? "Keys are switched off. " + fixed : fixed));
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
      const field = element("input", "govuk-input govuk-input--width-2");
      field.value = keyOf(key.name) || key.key;
      field.maxLength = 1;
      field.disabled = keysAreOff();
      field.setAttribute("aria-labelledby", words.id);
      field.addEventListener("focus", () => field.select());
      field.addEventListener("change", () => {
        const refused = chooseKey(key.name, field.value);
        said.textContent = refused ?? "";
        if (refused) field.value = keyOf(key.name);
      });
      row.prepend(words);
      cell.append(field);
    }
    dialog.append(table);
  }
  const ends = element("div", "govuk-button-group");
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
  dialog.append(ends);
  document.body.append(dialog);
  dialog.showModal();
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

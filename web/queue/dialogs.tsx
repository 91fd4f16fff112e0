/** What is asked before something is done: how an alert ended, whom somebody spoke to, a note, the name of a view. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { dropDraft, keepDraft, type Fields } from "./draft";
import { outcomeWords, plural } from "./words";

export type Kind = "close" | "action" | "escalate" | "save";

export interface Asked {
  kind: Kind;
  keys: string[];
  fields: Fields;
}

interface DialogProps {
  asked: Asked;
  title: string;
  /** The alerts that it is about, in words. */
  about: readonly string[];
  /** What is left out, and why. */
  aside: string;
  mayShare: boolean;
  /** Does it; the words why not, null when it was done. */
  done(fields: Fields): Promise<string | null>;
  leave(): void;
}

const OUTCOMES = ["confirmed", "explained", "equipment", "false", "duplicate"] as const;
const HINTS: Record<(typeof OUTCOMES)[number], string> = {
  confirmed: "It happened",
  explained: "It happened, and there is a reason for the officer to judge",
  equipment: "The equipment was at fault",
  false: "It did not happen",
  duplicate: "It is told by another alert",
};
const PARTIES: readonly [string, string][] = [
  ["wearer", "The wearer"],
  ["responsible_adult", "A responsible adult"],
  ["officer", "The officer"],
  ["police", "The police"],
  ["other", "Somebody else"],
  ["", "Nobody: something else was done"],
];
const CHANNELS: readonly [string, string][] = [
  ["call", "Call"],
  ["sms", "Text message"],
  ["email", "E-mail"],
];
const ABOUT_MOST = 6;
const BUTTON: Record<Kind, string> = { close: "Close", action: "Record", escalate: "Escalate", save: "Save" };

interface PickProps {
  name: string;
  legend: string;
  options: readonly (readonly [string, string, string?])[];
  value: string | undefined;
  numbered?: boolean;
  inline?: boolean;
  pick(value: string): void;
}

function Pick({ name, legend, options, value, numbered, inline, pick }: PickProps) {
  return (
    <fieldset class="govuk-fieldset govuk-form-group">
      <legend class="govuk-fieldset__legend govuk-fieldset__legend--s">{legend}</legend>
      <div class={`govuk-radios govuk-radios--small${inline ? " govuk-radios--inline" : ""}`}>
        {options.map(([option, words, hint], place) => (
          <div class="govuk-radios__item" key={option}>
            <input
              class="govuk-radios__input"
              type="radio"
              id={`${name}-${option}`}
              name={name}
              value={option}
              checked={value === option}
              onChange={() => pick(option)}
            />
            <label class="govuk-label govuk-radios__label" for={`${name}-${option}`}>
              {numbered ? <kbd>{place + 1}</kbd> : null} {words}
              {hint ? <span class="bw-quiet"> – {hint}</span> : null}
            </label>
          </div>
        ))}
      </div>
    </fieldset>
  );
}

function Text({ name, label, value, type }: { name: string; label: string; value: string | undefined; type(value: string): void }) {
  return (
    <div class="govuk-form-group">
      <label class="govuk-label govuk-label--s" for={`dialog-${name}`}>
        {label}
      </label>
      <textarea class="govuk-textarea" id={`dialog-${name}`} rows={2} maxLength={4_000} value={value ?? ""} onInput={(event) => type(event.currentTarget.value)} />
    </div>
  );
}

function Close({ fields, set }: { fields: Fields; set(more: Fields): void }) {
  const options = OUTCOMES.map((outcome) => [outcome, outcomeWords(outcome), HINTS[outcome]] as const);
  return (
    <>
      <Pick name="outcome" legend="How did it end?" options={options} value={fields["outcome"]} numbered pick={(outcome) => set({ outcome })} />
      <Text name="explanation" label="What the wearer says (if anything)" value={fields["explanation"]} type={(explanation) => set({ explanation })} />
      <Text name="note" label="Note (if there is something to add)" value={fields["note"]} type={(note) => set({ note })} />
    </>
  );
}

function Action({ fields, set }: { fields: Fields; set(more: Fields): void }) {
  const answered: readonly [string, string][] = [["yes", "Yes"], ["no", "No"]];
  return (
    <>
      <Pick name="party" legend="Whom did you try to reach?" options={PARTIES} value={fields["party"]} numbered pick={(party) => set({ party })} />
      {fields["party"] ? (
        <>
          <Pick name="channel" legend="How?" options={CHANNELS} value={fields["channel"] ?? "call"} inline pick={(channel) => set({ channel })} />
          <Pick name="answered" legend="Did they answer?" options={answered} value={fields["answered"]} inline pick={(one) => set({ answered: one })} />
        </>
      ) : null}
      <Text name="note" label={fields["party"] ? "What was said" : "What was done"} value={fields["note"]} type={(note) => set({ note })} />
    </>
  );
}

function Save({ fields, set, mayShare }: { fields: Fields; set(more: Fields): void; mayShare: boolean }) {
  return (
    <>
      <div class="govuk-form-group">
        <label class="govuk-label govuk-label--s" for="dialog-name">
          What is this view called?
        </label>
        <input class="govuk-input" id="dialog-name" maxLength={60} required value={fields["name"] ?? ""} onInput={(event) => set({ name: event.currentTarget.value })} />
      </div>
      {mayShare ? (
        <div class="govuk-checkboxes govuk-checkboxes--small govuk-form-group">
          <div class="govuk-checkboxes__item">
            <input
              class="govuk-checkboxes__input"
              type="checkbox"
              id="dialog-shared"
              checked={fields["shared"] === "yes"}
              onChange={(event) => set({ shared: event.currentTarget.checked ? "yes" : "" })}
            />
            <label class="govuk-label govuk-checkboxes__label" for="dialog-shared">
              Share it with everybody who reads alerts
            </label>
          </div>
        </div>
      ) : null}
    </>
  );
}

/** What is missing in what was typed; null when it will do. */
function missing(kind: Kind, fields: Fields): string | null {
  if (kind === "close" && !fields["outcome"]) return "Choose how it ended.";
  if (kind === "action" && fields["party"] === undefined) return "Choose whom you tried to reach.";
  if (kind === "action" && fields["party"] && !fields["answered"]) return "Say whether they answered.";
  if (kind === "action" && !fields["party"] && !fields["note"]?.trim()) return "Say what was done.";
  if (kind === "save" && !fields["name"]?.trim()) return "Give the view a name.";
  return null;
}

/** The digit of a choice, by its place. */
function choiceOf(kind: Kind, key: string): Fields | null {
  const place = Number(key) - 1;
  if (!Number.isInteger(place) || place < 0) return null;
  if (kind === "close" && OUTCOMES[place]) return { outcome: OUTCOMES[place] };
  const party = PARTIES[place];
  return kind === "action" && party ? { party: party[0] } : null;
}

function About({ about, aside }: { about: readonly string[]; aside: string }): ComponentChildren {
  return (
    <>
      {about.length > 1 ? (
        <ul class="govuk-list govuk-list--bullet">
          {about.slice(0, ABOUT_MOST).map((words) => (
            <li key={words}>{words}</li>
          ))}
          {about.length > ABOUT_MOST ? <li>and {plural(about.length - ABOUT_MOST, "more alert")}</li> : null}
        </ul>
      ) : null}
      {aside ? <p class="govuk-inset-text">{aside}</p> : null}
    </>
  );
}

export function Dialog({ asked, title, about, aside, mayShare, done, leave }: DialogProps) {
  const box = useRef<HTMLDialogElement>(null);
  const [fields, setFields] = useState<Fields>(asked.fields);
  // Keys come faster than the dialog is drawn.
  const typed = useRef(fields);
  const [wrong, setWrong] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const { kind, keys } = asked;

  useLayoutEffect(() => {
    const dialog = box.current;
    dialog?.showModal();
    const first = dialog?.querySelector<HTMLElement>("input:checked, input, textarea");
    first?.focus();
    return () => dialog?.close();
  }, []);

  const set = (more: Fields): void => {
    typed.current = { ...typed.current, ...more };
    setFields(typed.current);
    keepDraft({ kind, keys, fields: typed.current });
  };
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (busy) return;
    const lacks = missing(kind, typed.current);
    if (lacks) return setWrong(lacks);
    setBusy(true);
    const refused = await done(typed.current);
    setBusy(false);
    setWrong(refused);
    if (refused === null) {
      dropDraft();
      leave();
    }
  };
  const pressed = (event: KeyboardEvent): void => {
    const target = event.target as HTMLElement;
    if (target.matches("textarea, .govuk-input") || event.ctrlKey || event.metaKey || event.altKey) {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void submit(event);
      return;
    }
    const choice = choiceOf(kind, event.key);
    if (!choice) return;
    event.preventDefault();
    set(choice);
    const [[name, value]] = Object.entries(choice) as [[string, string]];
    box.current?.querySelector<HTMLElement>(`#${name}-${value}`)?.focus();
  };
  const cancel = (): void => {
    dropDraft();
    leave();
  };
  return (
    <dialog class="bw-dialog bw-dense bw-ask" ref={box} aria-labelledby="ask-title" onCancel={cancel} onKeyDown={pressed} data-kind={kind}>
      <form onSubmit={(event) => void submit(event)} noValidate>
        <h2 class="govuk-heading-m" id="ask-title">
          {title}
        </h2>
        {wrong ? (
          <p class="govuk-error-message" role="alert" id="ask-wrong">
            {wrong}
          </p>
        ) : null}
        <About about={about} aside={aside} />
        {kind === "close" ? <Close fields={fields} set={set} /> : null}
        {kind === "action" ? <Action fields={fields} set={set} /> : null}
        {kind === "escalate" ? <Text name="note" label="Why (if there is something to add)" value={fields["note"]} type={(note) => set({ note })} /> : null}
        {kind === "save" ? <Save fields={fields} set={set} mayShare={mayShare} /> : null}
        <div class="govuk-button-group">
          <button type="submit" class="govuk-button" disabled={busy}>
            {BUTTON[kind]}
          </button>
          <button type="button" class="govuk-button govuk-button--secondary" onClick={cancel}>
            Cancel
          </button>
        </div>
      </form>
    </dialog>
  );
}

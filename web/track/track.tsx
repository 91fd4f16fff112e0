/** Why one looks, then the map, the player and the table. */

import { useState } from "preact/hooks";
import { askFor } from "./asking";
import { Downloads } from "./downloads";
import { Player } from "./player";
import { trailOf, type Stretch, type Trail } from "./trail";
import { local } from "./words";

export interface Given {
  wearer: string;
  from: string;
  to: string;
  /** What it is about, when somebody came from there. */
  purpose: string;
  zones: object;
  violations: { from: string; to: string | null }[];
}

export function Track(given: Given) {
  const kept = `bailiwick:purpose:${document.documentElement.dataset["reader"] ?? ""}:${given.wearer}`;
  const [why, say] = useState(given.purpose || (sessionStorage.getItem(kept) ?? ""));
  const [trail, found] = useState<Trail | null>(null);
  const [state, become] = useState<"asked" | "waiting" | "wrong">("asked");
  const [wrong, tell] = useState("");
  const span: Stretch = { from: Date.parse(given.from), to: Date.parse(given.to) };
  const look = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (why.trim().length < 3) {
      become("wrong");
      tell("Say why you look: it is kept with the audit");
      document.getElementById("why")?.focus();
      return;
    }
    become("waiting");
    try {
      sessionStorage.setItem(kept, why);
      const answer = await askFor(given.wearer, given.from, given.to, why, "application/geo+json");
      found(trailOf((await answer.json()) as Parameters<typeof trailOf>[0]));
      become("asked");
    } catch (error) {
      become("wrong");
      tell(error instanceof Error ? error.message : String(error));
    }
  };
  if (!trail) {
    return (
      <form class="bw-track__why" onSubmit={(event) => void look(event)}>
        <div class={`govuk-form-group${state === "wrong" ? " govuk-form-group--error" : ""}`}>
          <label class="govuk-label govuk-label--s" for="why">
            Why do you look at this track?
          </label>
          <div class="govuk-hint" id="why-hint">
            {local(span.from)} to {local(span.to)}. Who looked, at whom, when and why is kept with the audit.
          </div>
          {state === "wrong" && (
            <p class="govuk-error-message" id="why-wrong" role="alert">
              <span class="govuk-visually-hidden">Error:</span> {wrong}
            </p>
          )}
          <input
            class={`govuk-input govuk-!-width-two-thirds${state === "wrong" ? " govuk-input--error" : ""}`}
            id="why"
            name="why"
            maxLength={200}
            autocomplete="off"
            aria-describedby={state === "wrong" ? "why-hint why-wrong" : "why-hint"}
            value={why}
            onInput={(event) => say(event.currentTarget.value)}
          />
        </div>
        <button class="govuk-button" disabled={state === "waiting"}>
          {state === "waiting" ? "Reading the track…" : "Show the track"}
        </button>
      </form>
    );
  }
  const violations = given.violations.map((one) => ({ from: Date.parse(one.from), to: one.to ? Date.parse(one.to) : span.to }));
  return (
    <>
      <p class="bw-track__purpose">
        Shown for: <strong>{why}</strong>
      </p>
      <Player trail={trail} span={span} zones={given.zones} violations={violations} />
      <Downloads wearer={given.wearer} from={given.from} to={given.to} why={why} />
    </>
  );
}

/** What can be done to the line under the cursor, or to those that are selected; and what was just done, with its way back. */

import { keyOf } from "../shared/keys";
import { now, span } from "../shared/clock";
import type { Said } from "./desk";

export interface Deed {
  name: string;
  words: string;
  act(): void;
}

interface BarProps {
  about: string;
  deeds: readonly Deed[];
  said: readonly Said[];
  undo(said: Said): void;
  drop(said: Said): void;
}

export function Bar({ about, deeds, said, undo, drop }: BarProps) {
  return (
    <div class="bw-bar bw-no-print" id="bar">
      <div class="bw-bar__said" role="status" aria-live="polite">
        {said.map((one) => (
          <p key={one.no} class={one.bad ? "bw-said bw-said--bad" : "bw-said"}>
            <span>{one.words}</span>
            {one.ids.length ? (
              <button type="button" class="bw-link-button" onClick={() => undo(one)}>
                Undo <kbd>{keyOf("queue-undo")}</kbd> <span class="bw-number">{span(one.until - now())}</span>
              </button>
            ) : (
              <button type="button" class="bw-link-button" onClick={() => drop(one)}>
                Dismiss
              </button>
            )}
          </p>
        ))}
      </div>
      {deeds.length ? (
        <div class="bw-bar__deeds" role="group" aria-label={about}>
          <p class="bw-bar__about">{about}</p>
          {deeds.map((deed) => (
            <button key={deed.name} type="button" class="bw-bar__button" onClick={deed.act}>
              {deed.words} {keyOf(deed.name) ? <kbd aria-hidden="true">{keyOf(deed.name)}</kbd> : null}
            </button>
          ))}
        </div>
      ) : null}
    </div>
  );
}

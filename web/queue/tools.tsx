/** What stands over the queue: how much there is, what waits, and the sound. */

import { keyOf } from "../shared/keys";
import { askForNotices, noticesState } from "./notices";
import type { Sound } from "./sound";
import { plural } from "./words";

interface ToolsProps {
  lines: number;
  alerts: number;
  full: boolean;
  reading: boolean;
  sound: Sound;
  silence(): void;
  draw(): void;
}

function soundWords(sound: Sound): string {
  if (!sound.on) return "Sound is off";
  return sound.allowed ? "Sound is on" : "Sound begins with your first key or click";
}

function Sounds({ sound, silence, draw }: Pick<ToolsProps, "sound" | "silence" | "draw">) {
  const notices = noticesState();
  return (
    <div class="bw-tools__sound" role="group" aria-label="Sound and notices">
      <span id="sound-state" data-played={sound.played} data-rings={sound.rings}>
        {soundWords(sound)}
      </span>
      {sound.rings ? (
        <button type="button" class="bw-link-button" onClick={silence}>
          Silence <kbd>{keyOf("queue-silence")}</kbd>
        </button>
      ) : null}
      <button type="button" class="bw-link-button" onClick={() => sound.switch()}>
        {sound.on ? "Switch it off" : "Switch it on"}
      </button>
      <button type="button" class="bw-link-button" onClick={() => sound.test()}>
        Test tones
      </button>
      {notices === "off" ? (
        <button type="button" class="bw-link-button" onClick={() => void askForNotices().then(draw)}>
          Desktop notices
        </button>
      ) : null}
      {notices === "refused" ? <span class="bw-quiet">Desktop notices are refused by this browser</span> : null}
    </div>
  );
}

export function Tools(props: ToolsProps) {
  return (
    <div class="bw-tools bw-no-print">
      <h1 class="govuk-heading-m bw-tools__title">Alerts</h1>
      <p class="bw-tools__sum" id="queue-sum">
        {plural(props.lines, "line")} shown of {plural(props.alerts, "open alert")}
        {props.full ? ": there are more than can be shown at once, use the filters" : ""}
        {props.reading ? ", reading …" : ""}
      </p>
      <Sounds {...props} />
    </div>
  );
}

/** What came while somebody reads: over the heads of the columns, or at the top of the screen. */
export function Waiting({ waiting, critical, show }: { waiting: number; critical: number; show(): void }) {
  const words = `${waiting.toLocaleString("en-GB")} new${critical ? `, ${critical.toLocaleString("en-GB")} critical` : ""}`;
  return (
    <div class="bw-waiting bw-no-print" role="status" aria-live="polite">
      {waiting ? (
        <button type="button" class={critical ? "bw-waiting__button bw-waiting__button--critical" : "bw-waiting__button"} onClick={show}>
          {words}, press <kbd>{keyOf("queue-new") || "here"}</kbd>
        </button>
      ) : null}
    </div>
  );
}

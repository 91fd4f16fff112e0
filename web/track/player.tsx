/** Map, scrubber, controls, what is told of the point, and the table of all points. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { span as lengthOf } from "../shared/clock";
import { trackMap, type TrackMap } from "./map";
import { Strip } from "./strip";
import { Points } from "./table";
import { LINE_MS, newestAt, type Fix, type Stretch, type Trail } from "./trail";
import { SOURCES, local, localTime, speed } from "./words";

const SPEEDS = [1, 10, 60, 300, 600];
const AT_FIRST = 60;
const TYPED = "input, select, textarea, [role=region], .bw-track__map";
const PRESSED = "button, a, summary";

interface Given {
  trail: Trail;
  span: Stretch;
  zones: object;
  violations: readonly Stretch[];
}

export function Player({ trail, span, zones, violations }: Given) {
  const [at, seek] = useState(trail.fixes[0]?.at ?? span.from);
  const [playing, play] = useState(false);
  const [rate, hurry] = useState(AT_FIRST);
  const index = newestAt(trail.fixes, at);
  const fix = trail.fixes[index] ?? null;
  const ago = fix ? at - fix.at : 0;
  const hidden = ago !== 0 && trail.sealed.some((one) => one.from <= at && at < one.to);
  const step = (points: number): void => {
    play(false);
    const next = trail.fixes[Math.max(0, Math.min(trail.fixes.length - 1, index + points))];
    if (next) seek(next.at);
  };
  usePlaying(playing, rate, span.to, seek, () => play(false));
  useKeys({ toggle: () => play((on) => !on), step, ends: (last) => seek(last ? span.to : span.from) });
  const target = useTrackMap(trail, zones, fix, ago > LINE_MS, (n) => seek(trail.fixes[n]!.at));
  const first = useRef<HTMLButtonElement>(null);
  useEffect(() => first.current?.focus({ preventScroll: true }), []);
  const text = fix ? `${local(at)}, point ${index + 1} of ${trail.fixes.length}` : local(at);
  return (
    <div class="bw-track" role="group" aria-label="Track player">
      <div class="bw-track__window">
        <div class="bw-map bw-track__map" ref={target} tabIndex={0} role="group" aria-label="Map of the track. The arrows move it, plus and minus bring it nearer. Every point is in the table below." />
        <p class="bw-track__not-route">The line is not the route.</p>
      </div>
      <div class="bw-track__told" aria-live={playing ? "off" : "polite"}>
        <strong class="bw-number">{local(at)}</strong> {hidden ? "sealed: no order permits showing where they were" : fix ? about(fix, ago) : "before the first point"}
      </div>
      <Strip trail={trail} span={span} violations={violations} at={at} text={text} seek={seek} step={step} toggle={() => play((on) => !on)} />
      <div class="bw-track__controls">
        <button type="button" class="govuk-button" ref={first} onClick={() => play((on) => !on)} disabled={!trail.fixes.length}>
          {playing ? "Pause" : "Play"}
        </button>
        <button type="button" class="govuk-button govuk-button--secondary" onClick={() => step(-1)} disabled={index <= 0}>
          Point before
        </button>
        <button type="button" class="govuk-button govuk-button--secondary" onClick={() => step(1)} disabled={index + 1 >= trail.fixes.length}>
          Point after
        </button>
        <label class="bw-track__speed">
          Speed{" "}
          <select class="govuk-select" value={String(rate)} onChange={(event) => hurry(Number(event.currentTarget.value))}>
            {SPEEDS.map((one) => (
              <option value={String(one)}>{one}×</option>
            ))}
          </select>
        </label>
        <span class="bw-quiet">
          <kbd>space</kbd> plays, <kbd>←</kbd> <kbd>→</kbd> step a point, with <kbd>shift</kbd> ten
        </span>
      </div>
      <Summary trail={trail} />
      <Points fixes={trail.fixes} index={index} seek={seek} />
    </div>
  );
}

function about(fix: Fix, ago: number): string {
  const told = [`point of ${localTime(fix.at)}`, `right to ${Math.round(fix.acc)} m`, SOURCES[fix.source] ?? fix.source, speed(fix.speed), fix.grid ?? ""];
  const words = told.filter(Boolean).join(", ");
  return ago > LINE_MS ? `nothing for ${lengthOf(ago)}: last ${words}` : words;
}

function Summary({ trail }: { trail: Trail }) {
  const unused = trail.fixes.filter((fix) => !fix.used).length;
  const longest = Math.max(0, ...trail.gaps.map((gap) => gap.to - gap.from));
  const number = (count: number, word: string): string => `${count.toLocaleString("en-GB")} ${word}${count === 1 ? "" : "s"}`;
  return (
    <div class="bw-track__summary">
      <p class="bw-track__key">
        <span class="bw-strip__sign bw-strip__sign--there" /> points <span class="bw-strip__sign bw-strip__sign--gap" /> no points: a gap{" "}
        {trail.sealed.length > 0 && (
          <>
            <span class="bw-strip__sign bw-strip__sign--sealed" /> sealed{" "}
          </>
        )}
        <span class="bw-strip__sign bw-strip__sign--violation" /> violation
      </p>
      <p>
        {number(trail.fixes.length, "point")}
        {unused > 0 && `, ${unused} of them not used by the rules (hollow on the map)`}. {trail.gaps.length ? `${number(trail.gaps.length, "gap")} of more than a minute, the longest ${lengthOf(longest)}: no line is drawn there.` : "No gap of more than a minute."}
        {trail.missing > 0 && ` ${number(trail.missing, "fact")} never came, by the devices' own count.`}
      </p>
      {trail.sealed.length > 0 && (
        <details class="govuk-details" open={trail.sealed.length <= 3}>
          <summary class="govuk-details__summary">
            <span class="govuk-details__summary-text">{number(trail.sealed.length, "stretch").replace("stretchs", "stretches")} sealed: no order permits showing where they were</span>
          </summary>
          <ul class="govuk-details__text bw-plain">
            {trail.sealed.map((one) => (
              <li>
                {local(one.from)} to {local(one.to)}
                {one.zones && " (but at zones)"}
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

/** Moves the time on while it plays, as fast as `rate` says. */
function usePlaying(playing: boolean, rate: number, until: number, seek: (next: (at: number) => number) => void, done: () => void): void {
  useEffect(() => {
    if (!playing) return;
    let before = performance.now();
    let frame = 0;
    const tick = (now: number): void => {
      const passed = (now - before) * rate;
      before = now;
      seek((at) => {
        if (at + passed >= until) done();
        return Math.min(until, at + passed);
      });
      frame = requestAnimationFrame(tick);
    };
    frame = requestAnimationFrame(tick);
    return () => cancelAnimationFrame(frame);
  }, [playing, rate]);
}

interface Keys {
  toggle(): void;
  step(points: number): void;
  ends(last: boolean): void;
}

/** Keys of the player, wherever nothing else has use for them. */
function useKeys(keys: Keys): void {
  const now = useRef(keys);
  now.current = keys;
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      const target = event.target as Element | null;
      if (target?.closest(TYPED) || document.querySelector("dialog[open]")) return;
      if (event.key === " " && target?.closest(PRESSED)) return;
      const acts: Record<string, () => void> = {
        " ": now.current.toggle,
        ArrowLeft: () => now.current.step(event.shiftKey ? -10 : -1),
        ArrowRight: () => now.current.step(event.shiftKey ? 10 : 1),
        Home: () => now.current.ends(false),
        End: () => now.current.ends(true),
      };
      const act = acts[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, []);
}

function useTrackMap(trail: Trail, zones: object, fix: Fix | null, old: boolean, pick: (index: number) => void) {
  const target = useRef<HTMLDivElement>(null);
  const map = useRef<TrackMap | null>(null);
  useEffect(() => {
    map.current = trackMap(target.current!, zones);
    map.current.picked(pick);
    map.current.show(trail);
    map.current.point(fix, old);
    target.current!.dataset["ready"] = "true";
  }, []);
  const shown = useMemo(() => [fix, old] as const, [fix, old]);
  useEffect(() => map.current?.point(...shown), [shown]);
  return target;
}

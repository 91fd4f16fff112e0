/** The scrubber: the span as a strip with what came, what did not, what is sealed and what was a violation; and where the player is. */

import { localClock, localDay } from "./words";
import type { Stretch, Trail } from "./trail";

const WIDTH = 1000;
const HEIGHT = 44;
const HOUR = 3_600_000;
const STEPS = [HOUR / 12, HOUR / 6, HOUR / 4, HOUR / 2, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR, 48 * HOUR, 96 * HOUR];
/** A time needs so much room. */
const TICK_PX = 90;

interface Given {
  trail: Trail;
  span: Stretch;
  violations: readonly Stretch[];
  at: number;
  text: string;
  seek(at: number): void;
  step(points: number): void;
  toggle(): void;
}

export function Strip({ trail, span, violations, at, text, seek, step, toggle }: Given) {
  const long = span.to - span.from;
  const x = (ms: number): number => Math.max(0, Math.min(WIDTH, (WIDTH * (ms - span.from)) / long));
  const rect = (one: Stretch, y: number, height: number, name: string) => (
    <rect class={name} x={x(one.from)} y={y} width={Math.max(1, x(one.to) - x(one.from))} height={height} />
  );
  const keys = (event: KeyboardEvent): void => {
    if (event.key === " ") {
      event.preventDefault();
      toggle();
      return;
    }
    const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
    const points = steps[event.key];
    if (points === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    step(event.shiftKey ? points * 10 : points);
  };
  return (
    <div class="bw-strip">
      <svg class="bw-strip__drawing" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        <defs>
          <pattern id="strip-sealed" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect class="bw-strip__ground" width="6" height="6" />
            <line class="bw-strip__stripe" x1="0" y1="0" x2="0" y2="6" />
          </pattern>
        </defs>
        <rect class="bw-strip__gap" x="0" y="8" width={WIDTH} height="22" />
        {runsOf(trail).map((run) => rect(run, 8, 22, "bw-strip__there"))}
        {trail.sealed.map((one) => (
          <rect class="bw-strip__sealed" fill="url(#strip-sealed)" x={x(one.from)} y="8" width={Math.max(1, x(one.to) - x(one.from))} height="22" />
        ))}
        {violations.map((one) => rect(one, 32, 6, "bw-strip__violation"))}
        {ticks(span).map((tick) => (
          <line class="bw-strip__tick" x1={x(tick)} y1="4" x2={x(tick)} y2={HEIGHT} />
        ))}
        <line class="bw-strip__now" x1={x(at)} y1="0" x2={x(at)} y2={HEIGHT} />
      </svg>
      <input
        class="bw-strip__range"
        type="range"
        aria-label="Time on the track"
        aria-valuetext={text}
        min={span.from}
        max={span.to}
        step={1000}
        value={at}
        onInput={(event) => seek(Number(event.currentTarget.value))}
        onKeyDown={keys}
      />
      <div class="bw-strip__hours" aria-hidden="true">
        {ticks(span).map((tick) => (
          <span style={{ left: `${(100 * (tick - span.from)) / long}%` }}>{label(tick, long)}</span>
        ))}
      </div>
    </div>
  );
}

function label(tick: number, long: number): string {
  const clock = localClock(tick);
  return long > 24 * HOUR && clock === "00:00" ? localDay(tick) : clock;
}

/** Where points follow each other closely, as stretches. */
function runsOf(trail: Trail): Stretch[] {
  const used = trail.fixes.filter((fix) => fix.used);
  if (!used.length) return [];
  const edges = [used[0]!.at, ...trail.gaps.flatMap((gap) => [gap.from, gap.to]), used[used.length - 1]!.at];
  const runs: Stretch[] = [];
  for (let n = 0; n < edges.length; n += 2) runs.push({ from: edges[n]!, to: edges[n + 1]! });
  return runs;
}

/** Round times of the centre's clock, as many as there is room for. */
function ticks(span: Stretch): number[] {
  const step = STEPS.find((one) => (span.to - span.from) / one <= Math.max(2, Math.min(WIDTH, window.innerWidth) / TICK_PX)) ?? STEPS[STEPS.length - 1]!;
  const found: number[] = [];
  const start = Math.ceil(span.from / (HOUR / 12)) * (HOUR / 12);
  for (let at = start; at < span.to; at += HOUR / 12) {
    const [hours, minutes] = localClock(at).split(":").map(Number) as [number, number];
    const since = hours * HOUR + minutes * 60_000;
    if (step >= 24 * HOUR ? since === 0 && Math.floor(at / (24 * HOUR)) % (step / (24 * HOUR)) === 0 : since % step === 0) found.push(at);
  }
  return found;
}

/** A trail as the API gives it, made ready to be played: points in order, gaps, what is sealed. Pure. */

export interface Fix {
  /** Fix time, milliseconds since 1970. */
  at: number;
  lon: number;
  lat: number;
  /** Radius in metres that holds the true place 19 times of 20. */
  acc: number;
  speed: number | null;
  source: string;
  quality: string;
  device: string;
  grid: string | null;
  /** Of a quality that the rules take, and not by the cell alone. */
  used: boolean;
}

export interface Stretch {
  from: number;
  to: number;
}

export interface Sealed extends Stretch {
  /** Fixes at zones are shown all the same. */
  zones: boolean;
}

export interface Trail {
  fixes: Fix[];
  gaps: Stretch[];
  sealed: Sealed[];
  /** Facts that never came, by the devices' own count. */
  missing: number;
}

interface Answer {
  sealed: { from: string; to: string; zones: boolean }[];
  completeness: { missing: number }[];
  features: {
    geometry: { coordinates: [number, number] };
    properties: { t: string; acc: number; spd: number | null; src: string; quality: string; device: string; grid: string | null };
  }[];
}

/** Points farther apart in time have no line between them. */
export const LINE_MS = 60_000;

/** Whether two points that follow each other may be joined by a line, to the second. */
export const joined = (before: Fix, after: Fix): boolean => Math.round((after.at - before.at) / 1000) * 1000 <= LINE_MS;

export function trailOf(answer: Answer): Trail {
  const fixes = answer.features.map(({ geometry, properties }) => ({
    at: Date.parse(properties.t),
    lon: geometry.coordinates[0],
    lat: geometry.coordinates[1],
    acc: properties.acc,
    speed: properties.spd,
    source: properties.src,
    quality: properties.quality,
    device: properties.device,
    grid: properties.grid,
    used: properties.quality === "ok" && properties.src !== "lbs",
  }));
  const sealed = answer.sealed.map((one) => ({ from: Date.parse(one.from), to: Date.parse(one.to), zones: one.zones }));
  const missing = answer.completeness.reduce((sum, one) => sum + one.missing, 0);
  return { fixes, gaps: gapsOf(fixes.filter((fix) => fix.used)), sealed, missing };
}

/** The stretches between used points that are too far apart for a line. */
export function gapsOf(used: readonly Fix[]): Stretch[] {
  const found: Stretch[] = [];
  for (let n = 1; n < used.length; n++) {
    const [before, after] = [used[n - 1]!, used[n]!];
    if (!joined(before, after)) found.push({ from: before.at, to: after.at });
  }
  return found;
}

/** Runs of used points that a line may join, each of at least two. */
export function linesOf(fixes: readonly Fix[]): Fix[][] {
  const runs: Fix[][] = [];
  let run: Fix[] = [];
  for (const fix of fixes) {
    if (!fix.used) continue;
    if (run.length && !joined(run[run.length - 1]!, fix)) {
      if (run.length > 1) runs.push(run);
      run = [];
    }
    run.push(fix);
  }
  if (run.length > 1) runs.push(run);
  return runs;
}

/** The number of the newest point at or before an instant; -1 before the first. */
export function newestAt(fixes: readonly Fix[], at: number): number {
  let [low, high] = [0, fixes.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (fixes[middle]!.at <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

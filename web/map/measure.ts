/** How quick the map is, for `bench/console`: asked for by `?measure`, and then `window.bailiwickMap`. */

import type { LiveMap } from "./live";

export interface Panned {
  frames_per_s: number;
  /** The longest a frame took, ms. */
  longest_ms: number;
  frames: number;
  wearers: number;
}

const PAN_PX = 6;
const TURN_FRAMES = 60;

/** Drags the view a little each frame for so long, to and fro, and counts the frames that were drawn. */
function pan(live: LiveMap, ms: number): Promise<Panned> {
  const view = live.map.getView();
  view.beginInteraction();
  return new Promise((done) => {
    const begun = performance.now();
    let frames = 0;
    let longest = 0;
    let last = begun;
    const step = (at: number): void => {
      longest = Math.max(longest, at - last);
      last = at;
      if (at - begun >= ms) {
        const seconds = (at - begun) / 1000;
        view.endInteraction(0);
        done({ frames_per_s: frames / seconds, longest_ms: longest, frames, wearers: live.fleet.count });
        return;
      }
      frames += 1;
      const [x, y] = view.getCenter() as [number, number];
      const way = Math.floor(frames / TURN_FRAMES) % 2 ? -1 : 1;
      const by = way * PAN_PX * view.getResolution()!;
      view.setCenter([x + by, y + by / 3]);
      live.map.renderSync();
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  });
}

/** So many invented wearers about the middle of the map, so many of whom move each second, until the given function is called. */
function crowd(live: LiveMap, wearers: number, movesPerS: number): () => void {
  let seed = 1;
  const chance = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  const towns = Array.from({ length: 60 }, () => [-4 + chance() * 5, 50.8 + chance() * 4] as const);
  const place = (n: number): { lon: number; lat: number } => {
    const [lon, lat] = towns[n % towns.length]!;
    return { lon: lon + (chance() - 0.5) * 0.16, lat: lat + (chance() - 0.5) * 0.1 };
  };
  const item = (n: number) => ({ wearer: `M${n}`, t: new Date(Date.now()).toISOString(), acc: 12, ...place(n) });
  live.fleet.set(Array.from({ length: wearers }, (_, n) => item(n)));
  const levels = new Map(Array.from({ length: wearers / 60 }, (_, n) => [`M${n * 60}`, 1 + (n % 4)] as const));
  live.fleet.mark(levels);
  const timer = setInterval(() => {
    live.fleet.move(Array.from({ length: movesPerS / 10 }, () => item(Math.floor(chance() * wearers))), []);
    live.layer.redraw();
  }, 100);
  return () => clearInterval(timer);
}

export function measuring(live: LiveMap): object {
  return {
    pan: (ms: number) => pan(live, ms),
    crowd: (wearers: number, movesPerS: number) => crowd(live, wearers, movesPerS),
    goTo: (zoom: number, x: number, y: number) => {
      live.map.getView().setCenter([x, y]);
      live.map.getView().setZoom(zoom);
    },
    wearers: () => live.fleet.count,
  };
}

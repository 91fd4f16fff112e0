/** A tone of the wallboard's own: off unless somebody switched it on in this browser. */

const PLACE = "bailiwick:wallboard:sound";

let context: AudioContext | null = null;
let last = -Infinity;

export const soundIs = (): boolean => localStorage.getItem(PLACE) === "on";

/** On or off; switching it on plays it once, so that one knows what it is like. */
export function switchSound(): void {
  const on = !soundIs();
  localStorage.setItem(PLACE, on ? "on" : "off");
  if (on) tone();
}

/** Two soft notes. Counted on the page, so that it can be seen that it sounded. */
export function tone(): void {
  context ??= new AudioContext();
  const begin = context.currentTime;
  for (const [number, hertz] of [660, 880].entries()) {
    const note = context.createOscillator();
    const volume = context.createGain();
    note.frequency.value = hertz;
    volume.gain.setValueAtTime(0, begin + number * 0.25);
    volume.gain.linearRampToValueAtTime(0.25, begin + number * 0.25 + 0.03);
    volume.gain.exponentialRampToValueAtTime(0.001, begin + number * 0.25 + 0.24);
    note.connect(volume).connect(context.destination);
    note.start(begin + number * 0.25);
    note.stop(begin + number * 0.25 + 0.25);
  }
  const line = document.documentElement;
  line.dataset["sounded"] = String(Number(line.dataset["sounded"] ?? 0) + 1);
}

/** Does it at most once in so many milliseconds. */
export function every(ms: number, act: () => void): void {
  if (performance.now() - last < ms) return;
  last = performance.now();
  act();
}

/** Tones for new alerts, made here without a file: one for most, three that come again until somebody has it for critical ones. */

import { isUrgent, type Alert } from "./alert";

const AGAIN_MS = 4_000;
const LOUD = 0.25;
const PLACE = `bailiwick:sound:${document.documentElement.dataset["reader"] ?? ""}`;

type Tone = readonly { hz: number; at: number; for: number }[];
const PLAIN: Tone = [{ hz: 587, at: 0, for: 0.25 }];
const CRITICAL: Tone = [
  { hz: 880, at: 0, for: 0.16 },
  { hz: 1175, at: 0.2, for: 0.16 },
  { hz: 1568, at: 0.4, for: 0.3 },
];

export class Sound {
  private context: AudioContext | null = null;
  private ringing = new Set<string>();
  private timer = 0;
  /** How many tones were begun: what the page tells of it. */
  played = 0;
  on = localStorage.getItem(PLACE) !== "off";

  constructor(private readonly told: () => void) {
    // A browser lets a page sound only after somebody has touched it.
    for (const kind of ["keydown", "pointerdown"]) document.addEventListener(kind, () => this.wake(), { passive: true });
  }

  /** Whether the browser lets it sound. */
  get allowed(): boolean {
    return this.context?.state === "running";
  }

  get rings(): number {
    return this.ringing.size;
  }

  private wake(): void {
    if (!this.on || this.allowed) return;
    this.context ??= new AudioContext();
    void this.context.resume().then(this.told);
  }

  switch(): void {
    this.on = !this.on;
    localStorage.setItem(PLACE, this.on ? "on" : "off");
    if (!this.on) this.silence();
    this.told();
  }

  test(): void {
    this.wake();
    this.play(PLAIN);
    window.setTimeout(() => this.play(CRITICAL), 700);
  }

  /** New alerts of the view. */
  arrived(alerts: readonly Alert[]): void {
    const urgent = alerts.filter(isUrgent);
    if (!this.on || urgent.length === 0) return;
    for (const alert of urgent) if (alert.severity === "critical") this.ringing.add(alert.id);
    if (this.ringing.size > 0) this.ring();
    else this.play(PLAIN);
  }

  /** Stops for what somebody has, what is over and what is not there any more. */
  check(get: (id: string) => Alert | undefined): void {
    for (const id of this.ringing) if (get(id)?.work !== "raised") this.ringing.delete(id);
    if (this.ringing.size === 0) this.silence();
  }

  silence(): void {
    this.ringing.clear();
    window.clearInterval(this.timer);
    this.timer = 0;
  }

  private ring(): void {
    if (this.timer) return;
    this.play(CRITICAL);
    this.timer = window.setInterval(() => this.play(CRITICAL), AGAIN_MS);
  }

  private play(tone: Tone): void {
    this.played += 1;
    this.told();
    const context = this.context;
    if (!context) return;
    for (const part of tone) {
      const begins = context.currentTime + part.at;
      const source = context.createOscillator();
      const volume = context.createGain();
      source.frequency.value = part.hz;
      volume.gain.setValueAtTime(0, begins);
      volume.gain.linearRampToValueAtTime(LOUD, begins + 0.02);
      volume.gain.linearRampToValueAtTime(0, begins + part.for);
      source.connect(volume).connect(context.destination);
      source.start(begins);
      source.stop(begins + part.for);
    }
  }
}

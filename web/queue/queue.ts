/**
 * The queue: every open alert that is known, in lines of one subject each, in an order that stands still while somebody reads.
 *
 * An event costs O(1): it is put in its place and its subject noted; `flush` makes lines of what was noted, a few times a second.
 */

import { byNumber, isOpen, newer, rank, subjectOf, worse, type Alert } from "./alert";
import { ALL, fits, sameView, type Known, type View } from "./view";

/** Alerts held at most; beyond that the least urgent are left to the filters of the API. */
export const MOST = 20_000;
const CLOSED_KEPT = 2_000;

export interface Line {
  key: string;
  /** The worst of those that are in the view. */
  lead: Alert;
  /** All open ones of the subject, the worst first; none when the line is over. */
  alerts: readonly Alert[];
  over: boolean;
}

export class Queue {
  private alerts = new Map<string, Alert>();
  private subjects = new Map<string, Set<string>>();
  /** Revisions of what was closed, so that a late event does not bring it back. */
  private closed = new Map<string, string>();
  private last = new Map<string, Alert>();
  private noted = new Set<string>();
  private lines = new Map<string, Line>();
  private inView: (alert: Alert) => boolean;
  private came: Alert[] = [];
  private seen = new Set<string>();
  /** The lines as they are shown. */
  order: string[] = [];
  /** Lines that came while somebody reads. */
  waiting = new Set<string>();
  /** Lines that were brought by the last `renew`. */
  fresh = new Set<string>();
  /** Somebody reads: nothing moves. */
  reading = false;
  full = false;
  view: View = ALL;

  constructor(private readonly known: Known) {
    this.inView = fits(ALL, known);
  }

  get size(): number {
    return this.alerts.size;
  }

  get = (id: string): Alert | undefined => this.alerts.get(id);
  line = (key: string): Line | undefined => this.lines.get(key);
  isInView = (alert: Alert): boolean => this.inView(alert);
  all = (): IterableIterator<Alert> => this.alerts.values();

  /** Takes an alert as it is now; `isNew`: it came by itself, so it may make a sound. */
  take(alert: Alert, isNew = false): void {
    const held = this.alerts.get(alert.id);
    const revision = held?.revision ?? this.closed.get(alert.id);
    if (revision !== undefined && byNumber(alert.revision, revision) < 0) return;
    const key = subjectOf(alert);
    this.seen.add(alert.id);
    if (isOpen(alert)) {
      if (!held && this.alerts.size >= MOST) {
        this.full = true;
        return;
      }
      this.alerts.set(alert.id, alert);
      this.closed.delete(alert.id);
      const ids = this.subjects.get(key);
      if (ids) ids.add(alert.id);
      else this.subjects.set(key, new Set([alert.id]));
      if (isNew && alert.work === "raised" && (!held || rank(alert) < rank(held))) this.came.push(alert);
    } else {
      this.drop(alert.id, key, alert);
    }
    this.noted.add(key);
  }

  private drop(id: string, key: string, as: Alert): void {
    this.alerts.delete(id);
    const ids = this.subjects.get(key);
    ids?.delete(id);
    if (ids?.size === 0) this.subjects.delete(key);
    this.last.set(key, as);
    this.closed.set(id, as.revision);
    for (const old of [this.closed, this.last] as const) {
      if (old.size > CLOSED_KEPT) old.delete(old.keys().next().value as string);
    }
  }

  /** Begins to read everything: `endReading` drops what was not there any more. */
  beginReading(): void {
    this.seen.clear();
    this.full = false;
  }

  endReading(): void {
    for (const alert of [...this.alerts.values()]) {
      if (this.seen.has(alert.id)) continue;
      const key = subjectOf(alert);
      this.drop(alert.id, key, alert);
      this.noted.add(key);
    }
    this.seen.clear();
  }

  /** Shows another view; the lines are put in order anew. */
  show(view: View): void {
    const same = sameView(view, this.view);
    this.view = view;
    this.recheck();
    if (!same) this.came = [];
    this.renew();
    this.fresh.clear();
  }

  /** What is known of people has changed, or the view: every line is looked at again. */
  recheck(): void {
    this.inView = fits(this.view, this.known);
    for (const key of this.subjects.keys()) this.noted.add(key);
    for (const key of this.order) this.noted.add(key);
  }

  /** Makes lines of what came since; whether anything is to be shown anew. */
  flush(): boolean {
    if (this.noted.size === 0) return false;
    for (const key of this.noted) this.remake(key);
    this.noted.clear();
    if (!this.reading) {
      this.arrange();
      this.fresh.clear();
    }
    return true;
  }

  private remake(key: string): void {
    const ids = this.subjects.get(key);
    const open = ids ? [...ids].map((id) => this.alerts.get(id) as Alert).sort(worse) : [];
    const inView = open.find(this.inView);
    const held = this.lines.get(key);
    const shown = held !== undefined && !this.waiting.has(key);
    if (!inView && !(this.reading && shown)) {
      this.lines.delete(key);
      this.waiting.delete(key);
      return;
    }
    const over = open.length === 0;
    const lead = inView ?? open[0] ?? this.last.get(key) ?? held?.lead;
    if (!lead) return;
    this.lines.set(key, { key, lead, alerts: open, over });
    if (!held && this.reading) this.waiting.add(key);
  }

  private arrange(): void {
    const compare = this.view.sort === "newest" ? newer : worse;
    const lines = [...this.lines.values()];
    this.order = lines.sort((a, b) => compare(a.lead, b.lead)).map((line) => line.key);
    this.waiting.clear();
  }

  /** Shows what waits, and leaves out what is over; the lines stand in order again. */
  renew(): void {
    this.fresh = new Set(this.waiting);
    const reading = this.reading;
    this.reading = false;
    for (const key of this.order) this.noted.add(key);
    for (const key of this.noted) this.remake(key);
    this.noted.clear();
    this.arrange();
    this.reading = reading;
  }

  /** What came by itself since it was asked last and is in the view. */
  arrived(): Alert[] {
    const came = this.came.filter((alert) => this.alerts.has(alert.id) && this.inView(alert));
    this.came = [];
    return came;
  }

  /** Alerts by severity, of those in the view. */
  counts(inView: (alert: Alert) => boolean): { lines: number; worst: number } {
    let lines = 0;
    let worst = 0;
    for (const ids of this.subjects.values()) {
      let found = false;
      for (const id of ids) {
        const alert = this.alerts.get(id);
        if (!alert || !inView(alert)) continue;
        if (alert.severity === "critical") worst += 1;
        found = true;
      }
      if (found) lines += 1;
    }
    return { lines, worst };
  }
}

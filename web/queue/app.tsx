/** The alert queue: the cursor, the selection, what is asked, and the keys. */

import { render } from "preact";
import { addKeys } from "../shared/keys";
import { freshKey } from "../shared/api";
import type { Alert } from "./alert";
import { Bar, type Deed } from "./bar";
import { Desk, type Event } from "./desk";
import { Dialog, type Asked, type Kind } from "./dialogs";
import { readDraft, type Fields } from "./draft";
import { Filters } from "./filters";
import type { Island } from "./island";
import { List } from "./list";
import { Live } from "./live";
import { Names } from "./names";
import { notify } from "./notices";
import { Queue, type Line } from "./queue";
import { Row, whoOf } from "./row";
import { Steps } from "./steps";
import { dropView, savedOf, saveView, type Saved } from "./saved";
import { Sound } from "./sound";
import { criticalOf, toAct, toClaim, toClose, toEscalate, toRelease } from "./targets";
import { Tools, Waiting } from "./tools";
import { fits, QUICK, readView, writeView, type Known, type View } from "./view";
import { Watch } from "./watch";
import { alertWords, plural, useTables } from "./words";

const TICK_MS = 1_000;
const COUNT_MS = 1_000;
const CURSOR = `bailiwick:queue:${document.documentElement.dataset["reader"] ?? ""}`;
/** Where somebody comes back from whose place in the queue is kept. */
const BACK = /^\/alerts\/\d+/;

export class App {
  private readonly names = new Names(() => this.namesCame());
  private readonly known: Known;
  private readonly queue: Queue;
  private readonly desk: Desk;
  private readonly sound = new Sound(() => this.draw());
  private readonly live: Live;
  private readonly watch: Watch;
  private readonly steps = new Steps(() => this.draw());
  private cursor: string | null = null;
  private selected = new Set<string>();
  private asked: (Asked & { alerts: Alert[]; aside: string }) | null = null;
  private saved: Saved[];
  private counts = new Map<string, number>();
  private worst = 0;
  private countedMs = -Infinity;
  private drawing = 0;

  constructor(
    private readonly root: HTMLElement,
    private readonly island: Island,
  ) {
    useTables(island.words);
    this.known = { me: island.reader.name, nameOf: this.names.nameOf, areasOf: this.names.areasOf };
    this.queue = new Queue(this.known);
    this.desk = new Desk(this.queue, (alert) => this.whoWords(alert), () => this.changed());
    this.live = new Live(this.queue, () => this.changed());
    this.watch = new Watch(this.queue, this.known, island.reader.senior);
    this.saved = island.views.map(savedOf);
  }

  start(): void {
    this.names.add(this.island.names);
    for (const alert of this.island.items) this.queue.take(alert);
    this.queue.view = readView(location.search);
    this.queue.recheck();
    this.changed();
    this.paint();
    this.live.start();
    if (this.reader.desk) {
      this.watch.start();
      this.steps.start();
    }
    this.keys();
    window.setInterval(() => this.tick(), TICK_MS);
    window.addEventListener("popstate", () => this.show(readView(location.search), false));
    const draft = readDraft();
    const left = sessionStorage.getItem(CURSOR);
    if (left && this.queue.line(left) && document.referrer && BACK.test(new URL(document.referrer).pathname)) this.place(left);
    if (draft) this.ask(draft.kind as Kind, draft.keys, draft.fields);
  }

  private get reader() {
    return this.island.reader;
  }

  private whoWords(alert: Alert): string {
    const name = alert.wearer ? this.names.nameOf(alert.wearer) : "";
    return name ? `${name} (${alert.wearer})` : whoOf(alert);
  }

  private tick(): void {
    this.desk.forget();
    this.draw();
  }

  private namesCame(): void {
    if (this.queue.view.text || this.queue.view.area) this.queue.recheck();
    this.changed();
  }

  /** Something came: lines are made of it, what is new sounds, and the page is drawn in the next frame. */
  private changed(): void {
    this.queue.reading = this.cursor !== null || this.selected.size > 0 || this.asked !== null;
    if (this.queue.flush()) {
      const arrived = this.queue.arrived();
      this.sound.arrived(arrived);
      notify(arrived);
      this.sound.check(this.queue.get);
      for (const key of this.selected) if (!this.queue.line(key) || this.queue.line(key)?.over) this.selected.delete(key);
      if (this.cursor !== null && !this.queue.line(this.cursor)) this.cursor = null;
      this.names.want(this.wearers());
      this.countedMs = Math.min(this.countedMs, performance.now() - COUNT_MS / 2);
    }
    this.draw();
  }

  private *wearers(): Iterable<string> {
    for (const alert of this.queue.all()) if (alert.wearer) yield alert.wearer;
  }

  private draw(): void {
    this.drawing ||= requestAnimationFrame(() => this.paint());
  }

  private count(): void {
    if (performance.now() - this.countedMs < COUNT_MS) return;
    this.countedMs = performance.now();
    for (const one of [...QUICK.map((quick) => ({ id: quick.name, view: quick.view })), ...this.saved]) {
      this.counts.set(one.id, this.queue.counts(fits(one.view, this.known)).lines);
    }
    this.worst = this.queue.counts((alert) => alert.severity === "critical" && alert.work === "raised").worst;
    this.sound.arrived(this.watch.look());
    document.title = `${this.worst ? `(${this.worst} critical) ` : ""}Alerts – Bailiwick`;
  }

  // -- the cursor and the selection --

  private place(key: string | null, focus = true): void {
    this.cursor = key;
    sessionStorage.setItem(CURSOR, key ?? "");
    this.queue.reading = true;
    this.paint();
    if (!focus || key === null) return;
    const row = this.root.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`);
    row?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: "nearest" });
  }

  private move(by: number): void {
    const { order } = this.queue;
    if (order.length === 0) return;
    const at = this.cursor === null ? -1 : order.indexOf(this.cursor);
    const next = at < 0 ? (by > 0 ? 0 : order.length - 1) : Math.min(order.length - 1, Math.max(0, at + by));
    this.place(order[next] as string);
  }

  private select(key: string | null = this.cursor): void {
    const line = key === null ? undefined : this.queue.line(key);
    if (key === null || !line || line.over) return;
    if (!this.selected.delete(key)) this.selected.add(key);
    this.changed();
  }

  private selectAll(): void {
    const open = this.queue.order.filter((key) => this.queue.line(key)?.over === false);
    this.selected = this.selected.size >= open.length ? new Set() : new Set(open);
    this.changed();
  }

  /** Leaves the selection, then the line: then new lines come in by themselves again. */
  private leave(): void {
    if (this.selected.size) this.selected.clear();
    else {
      this.cursor = null;
      (document.activeElement as HTMLElement | null)?.blur();
      this.queue.reading = false;
      this.queue.renew();
    }
    this.changed();
  }

  private showNew(): void {
    this.queue.renew();
    const first = this.queue.order.find((key) => this.queue.fresh.has(key)) ?? this.cursor;
    if (first !== null && this.queue.line(first)) this.place(first);
    this.changed();
  }

  private show(view: View, write = true): void {
    if (write) history.replaceState(null, "", `/alerts${writeView(view) ? `?${writeView(view)}` : ""}`);
    this.selected.clear();
    this.queue.show(view);
    if (this.reader.desk) this.watch.changed();
    if (this.cursor !== null && !this.queue.line(this.cursor)) this.cursor = null;
    this.changed();
  }

  // -- work --

  private targets(): Line[] {
    const keys = this.selected.size ? this.queue.order.filter((key) => this.selected.has(key)) : this.cursor ? [this.cursor] : [];
    return this.linesOf(keys);
  }

  private linesOf(keys: readonly string[]): Line[] {
    return keys.map((key) => this.queue.line(key)).filter((line) => line !== undefined && !line.over) as Line[];
  }

  private async act(event: Event, alerts: readonly Alert[]): Promise<void> {
    if (alerts.length) await this.desk.act(event, alerts);
  }

  private open(line = this.targets()[0]): void {
    if (line) location.assign(`/alerts/${line.lead.id}`);
  }

  private close(): void {
    const lines = this.targets();
    const [critical] = criticalOf(lines);
    if (lines.length === 1 && critical) location.assign(`/alerts/${critical.id}#close`);
    else if (toClose(lines, this.reader).length) this.ask("close", lines.map((line) => line.key));
    else if (lines.length) this.desk.tell("Critical alerts close only from their own pages. Open one with Enter.", true);
  }

  private ask(kind: Kind, keys: string[], fields: Fields = {}): void {
    const lines = this.linesOf(keys);
    const pick = { close: toClose, action: toAct, escalate: toEscalate, save: () => [] }[kind];
    const alerts = pick(lines, this.reader);
    if (kind !== "save" && alerts.length === 0) return;
    const left = kind === "close" ? criticalOf(lines).length : 0;
    const typed = kind === "save" && this.queue.view.text ? "What you typed into the text field is not kept with a view." : "";
    const aside = typed || (left ? `${plural(left, "critical alert")} left out: they close only from their own pages.` : "");
    this.asked = { kind, keys, fields, alerts, aside };
    this.changed();
    this.paint();
  }

  private askTitle(): string {
    const { kind, alerts } = this.asked ?? { kind: "save", alerts: [] };
    if (kind === "save") return "Save this view";
    const [first] = alerts;
    const what = alerts.length === 1 && first ? `${alertWords(first)}, ${this.whoWords(first)}` : plural(alerts.length, "alert");
    return `${{ close: "Close", action: "Record what was done", escalate: "Escalate" }[kind]}: ${what}`;
  }

  private async done(fields: Fields): Promise<string | null> {
    const { asked } = this;
    if (!asked) return null;
    if (asked.kind === "save") return this.save(fields);
    const note = fields["note"]?.trim();
    const words: Record<string, string> = note ? { note } : {};
    let wrong: string | null;
    if (asked.kind === "action" && fields["party"]) {
      const contact = { party: fields["party"], channel: fields["channel"] ?? "call", answered: fields["answered"] === "yes", said: note ?? null };
      wrong = await this.desk.contact(asked.alerts, this.reader.name, contact);
    } else {
      if (asked.kind === "close") words["outcome"] = fields["outcome"] ?? "";
      if (fields["explanation"]?.trim()) words["explanation"] = fields["explanation"].trim();
      wrong = asked.kind === "action" ? await this.desk.note(asked.alerts, this.reader.name, words) : await this.desk.act(asked.kind, asked.alerts, words);
    }
    // What somebody else did meanwhile was told: the next try is about the alerts as they are now.
    if (wrong !== null) asked.alerts = asked.alerts.flatMap((alert) => this.queue.get(alert.id) ?? []);
    else this.selected.clear();
    return wrong;
  }

  private async save(fields: Fields): Promise<string | null> {
    try {
      const made = await saveView(fields["name"]?.trim() ?? "", { ...this.queue.view, text: "" }, fields["shared"] === "yes", freshKey());
      this.saved = [...this.saved.filter((one) => one.id !== made.id), made];
      this.countedMs = -Infinity;
      return null;
    } catch (error) {
      return (error as Error).message;
    }
  }

  private async drop(saved: Saved): Promise<void> {
    try {
      await dropView(saved);
      this.saved = this.saved.filter((one) => one !== saved);
    } catch (error) {
      this.desk.tell(`The view was not removed. ${(error as Error).message}`, true);
    }
    this.draw();
  }

  private leaveDialog(): void {
    this.asked = null;
    this.changed();
    this.paint();
    if (this.cursor !== null) this.place(this.cursor);
  }

  private deeds(): Deed[] {
    const lines = this.targets();
    if (!this.reader.works || lines.length === 0) return [];
    const found: Deed[] = [];
    const add = (name: string, words: string, act: () => void, when = true): void => {
      if (when) found.push({ name: `queue-${name}`, words, act });
    };
    const mine = lines.every((line) => line.alerts.every((alert) => alert.holder === this.reader.name));
    add("claim", mine ? "Renew" : "Claim", () => void this.act("claim", toClaim(this.targets(), this.reader)), toClaim(lines, this.reader).length > 0);
    add("release", "Release", () => void this.act("release", toRelease(this.targets(), this.reader)), toRelease(lines, this.reader).length > 0);
    add("action", "Record contact", () => this.ask("action", this.targets().map((line) => line.key)), toAct(lines, this.reader).length > 0);
    add("escalate", "Escalate", () => this.ask("escalate", this.targets().map((line) => line.key)));
    add("close", criticalOf(lines).length && lines.length === 1 ? "Close on its page" : "Close", () => this.close());
    add("open", "Open", () => this.open(), lines.length === 1);
    return found;
  }

  private aboutDeeds(): string {
    const lines = this.targets();
    const [first] = lines;
    if (!first) return "";
    const alerts = lines.reduce((sum, line) => sum + line.alerts.length, 0);
    if (this.selected.size) return `${plural(lines.length, "line")} selected, ${plural(alerts, "alert")}`;
    return `${this.whoWords(first.lead)}${alerts > 1 ? `, ${alerts} alerts` : ""}`;
  }

  private keys(): void {
    const group = "Alert queue";
    const key = (name: string, letter: string, words: string, act: () => void) => ({ name: `queue-${name}`, key: letter, words, group, act });
    const deed = (name: string) => () => this.deeds().find((one) => one.name === `queue-${name}`)?.act();
    addKeys([
      key("next", "j", "Next line", () => this.move(1)),
      key("previous", "k", "Previous line", () => this.move(-1)),
      key("open", "o", "Open the alert (so does Enter)", () => this.open()),
      ...(this.reader.works
        ? [
            key("select", "x", "Select the line, or not", () => this.select()),
            key("select-all", "*", "Select all lines, or none", () => this.selectAll()),
            key("claim", "c", "Claim all alerts of the line", deed("claim")),
            key("release", "r", "Release them", deed("release")),
            key("action", "a", "Record a contact or what was done", deed("action")),
            key("escalate", "e", "Escalate", deed("escalate")),
            key("close", "f", "Close (a critical one on its page)", deed("close")),
            key("undo", "u", "Undo the last closing", () => void this.desk.undo()),
          ]
        : []),
      key("new", "n", "Show what is new", () => this.showNew()),
      key("filter", "/", "Filter by name or words", () => document.getElementById("filter-text")?.focus()),
      ...QUICK.map((quick) => key(quick.name, quick.key, quick.words, () => this.show({ ...quick.view, sort: this.queue.view.sort }))),
      key("silence", "s", "Silence what sounds now", () => this.silence()),
    ]);
    document.addEventListener("keydown", (event) => this.fixedKeys(event));
  }

  private silence(): void {
    this.sound.silence();
    this.draw();
  }

  /** Keys that are no letters: they cannot be changed, and are not in the way of speech. */
  private fixedKeys(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    if (this.asked || document.querySelector("dialog[open]") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      if (target.id === "filter-text") target.blur();
      else this.leave();
      return;
    }
    if (target.id === "filter-text" && event.key === "Enter") {
      this.move(this.cursor === null ? 1 : 0);
      return;
    }
    if (!target.closest(".bw-line")) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      this.move(event.key === "ArrowDown" ? 1 : -1);
    }
  }

  // -- what is drawn --

  private paint(): void {
    cancelAnimationFrame(this.drawing);
    this.drawing = 0;
    this.count();
    this.steps.drawing();
    render(this.view(), this.root);
    if (this.reader.desk) this.steps.drawn();
  }

  private row = (key: string, place: number, top: number | null) => {
    const line = this.queue.line(key);
    if (!line) return null;
    const { wearer } = line.lead;
    return (
      <Row
        key={key}
        line={line}
        place={place}
        top={top}
        name={wearer ? this.names.nameOf(wearer) : ""}
        level={wearer ? this.names.levelOf(wearer) : ""}
        me={this.reader.name}
        senior={this.reader.senior}
        works={this.reader.works}
        isCursor={this.cursor === key}
        isStop={this.cursor === null ? place === 0 : this.cursor === key}
        isSelected={this.selected.has(key)}
        next={this.steps.of(line.lead)}
        isFresh={this.queue.fresh.has(key)}
        here={() => this.cursor !== key && this.place(key, false)}
        select={() => this.select(key)}
        open={() => this.open(line)}
        claim={() => void this.act("claim", toClaim([line], this.reader))}
        release={() => void this.act("release", toRelease([line], this.reader))}
      />
    );
  };

  private view() {
    const { queue, asked } = this;
    return (
      <>
        <Tools
          lines={queue.order.length}
          alerts={queue.size}
          full={queue.full}
          reading={this.live.reading}
          sound={this.sound}
          silence={() => this.silence()}
          draw={() => this.draw()}
        />
        <Filters
          view={queue.view}
          areas={this.names.areas()}
          counts={this.counts}
          saved={this.saved}
          me={this.reader.name}
          shown={queue.order.length}
          show={(view) => this.show(view)}
          save={() => this.ask("save", [])}
          drop={(saved) => void this.drop(saved)}
        />
        <Waiting
          waiting={queue.waiting.size}
          critical={[...queue.waiting].filter((key) => queue.line(key)?.lead.severity === "critical").length}
          show={() => this.showNew()}
        />
        {queue.order.length ? (
          <List order={queue.order} cursor={this.cursor} head={HEAD} row={this.row} />
        ) : (
          <p class="bw-queue__none">{this.live.reading ? "Reading the alerts …" : queue.size ? "No alert is in this view." : "No alert is open."}</p>
        )}
        <Bar
          about={this.aboutDeeds()}
          deeds={this.deeds()}
          said={this.desk.said}
          undo={(said) => void this.desk.undo(said)}
          drop={(said) => this.desk.drop(said.no)}
        />
        {asked ? (
          <Dialog
            key={asked.kind}
            asked={asked}
            title={this.askTitle()}
            about={asked.alerts.map((alert) => `${alertWords(alert)}, ${this.whoWords(alert)}`)}
            aside={asked.aside}
            mayShare={this.reader.senior}
            done={(fields) => this.done(fields)}
            leave={() => this.leaveDialog()}
          />
        ) : null}
      </>
    );
  }
}

const HEAD = (
  <div role="rowgroup" class="bw-queue__head">
    <div role="row" class="bw-line bw-line--head" aria-rowindex={1}>
      <span role="columnheader" class="bw-line__check">
        <span class="govuk-visually-hidden">Select</span>
      </span>
      {["Severity", "What", "Who", "Raised", "State", "Who has it"].map((words) => (
        <span role="columnheader" key={words}>
          {words}
        </span>
      ))}
      <span role="columnheader">
        <span class="govuk-visually-hidden">Claim</span>
      </span>
    </div>
  </div>
);

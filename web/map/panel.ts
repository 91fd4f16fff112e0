/** What stands beside the map: who was picked, who has an alert, what is not on the map and why, how old it all is. */

import { ask } from "../shared/api";
import { clock, now, span } from "../shared/clock";
import { placeWords } from "../shared/geo";
import { Names } from "../queue/names";
import { alertWords, plural, severityWords } from "../queue/words";
import type { Alerting } from "./alerting";
import type { LeftOut } from "./following";

const MOST_LISTED = 40;

export interface Picked {
  wearer: string;
  t: number;
  lon: number;
  lat: number;
  acc: number;
  old: boolean;
}

interface Wearer {
  record: { name?: string; level?: string; staff_safety?: string[]; phones?: string[] };
}

const $ = <Found extends HTMLElement>(id: string): Found => document.getElementById(id) as Found;

function made<Name extends keyof HTMLElementTagNameMap>(name: Name, className: string, ...inside: (Node | string)[]): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  if (className) element.className = className;
  element.append(...inside);
  return element;
}

const signOf = (alert: Alerting["worst"]): HTMLElement =>
  made("span", `bw-severity bw-severity--${alert.severity}`, severityWords(alert.severity));

export class Panel {
  private alerting: readonly Alerting[] = [];
  private of = new Map<string, Alerting>();
  private readonly names = new Names(() => this.list());
  private picked: Picked | null = null;
  private wearer: Wearer | null = null;
  private asked = "";

  constructor(private readonly pick: (wearer: string, focus: boolean) => boolean) {}

  nameOf = (wearer: string): string => this.names.nameOf(wearer);

  /** Who has an alert, the worst first. */
  alerts(alerting: readonly Alerting[]): void {
    this.alerting = alerting;
    this.of = new Map(alerting.map((one) => [one.wearer, one]));
    this.names.want(alerting.slice(0, MOST_LISTED).map((one) => one.wearer));
    this.list();
    this.about();
  }

  /** The wearer whose alert comes next after the one that is picked, or before it; null where nobody has one. */
  next(step: 1 | -1): string | null {
    if (!this.alerting.length) return null;
    const at = this.alerting.findIndex((one) => one.wearer === this.picked?.wearer);
    const start = at < 0 ? (step > 0 ? -1 : 0) : at;
    return this.alerting[(start + step + this.alerting.length) % this.alerting.length]!.wearer;
  }

  private list(): void {
    const focused = (document.activeElement as HTMLElement | null)?.dataset["wearer"];
    $("map-alerts-count").textContent = this.alerting.length ? `${plural(this.alerting.length, "wearer")}, the worst first` : "";
    $("map-alerts").replaceChildren(
      ...this.alerting.slice(0, MOST_LISTED).map((one) => {
        const name = this.names.nameOf(one.wearer) || one.wearer;
        const more = one.count > 1 ? ` and ${one.count - 1} more` : "";
        const button = made("button", "bw-map-alert", signOf(one.worst), made("span", "bw-map-alert__who", name), made("span", "bw-map-alert__what", alertWords(one.worst) + more));
        button.type = "button";
        button.dataset["wearer"] = one.wearer;
        if (one.wearer === this.picked?.wearer) button.setAttribute("aria-current", "true");
        button.addEventListener("click", () => this.pick(one.wearer, true));
        return made("li", "", button);
      }),
    );
    $("map-alerts-none").hidden = this.alerting.length > 0;
    if (focused) document.querySelector<HTMLElement>(`#map-alerts [data-wearer="${CSS.escape(focused)}"]`)?.focus();
  }

  /** Shows who was picked, or nobody. */
  show(picked: Picked | null): void {
    this.picked = picked;
    if (picked?.wearer !== this.asked) {
      this.asked = picked?.wearer ?? "";
      this.wearer = null;
      if (picked) void this.ask(picked.wearer);
    }
    this.list();
    this.about();
  }

  private async ask(wearer: string): Promise<void> {
    try {
      const { body } = await ask<Wearer>(`wearers/${encodeURIComponent(wearer)}`);
      if (this.asked === wearer) this.wearer = body;
    } catch {
      return;
    }
    this.about();
  }

  private about(): void {
    const box = $("map-about");
    box.hidden = this.picked === null;
    if (!this.picked) return;
    const { wearer, t, acc, lon, lat, old } = this.picked;
    const one = this.of.get(wearer);
    const name = this.wearer?.record.name || this.names.nameOf(wearer) || wearer;
    const age = `${clock(t, true)}, ${span(now() - t)} ago`;
    const rows: [string, (Node | string)[]][] = [
      ["Last fix", old ? [made("strong", "", age), ". Nothing newer: they may be elsewhere"] : [age]],
      ["Place", [made("span", "bw-number", placeWords(lon, lat)), `, within ${Math.round(acc)} m (95 %)`]],
    ];
    const safety = this.wearer?.record.staff_safety ?? [];
    const list = made("dl", "bw-map-facts");
    for (const [label, inside] of rows) list.append(made("div", "", made("dt", "", label), made("dd", "", ...inside)));
    const title = made("h2", "govuk-heading-s", name);
    title.append(" ", made("span", "bw-quiet", name === wearer ? "" : wearer));
    const parts: (Node | string)[] = [title];
    if (safety.length) parts.push(made("p", "bw-map-safety", made("strong", "", "Staff safety: "), safety.join("; ")));
    if (one) parts.push(this.alertLine(one));
    parts.push(list, this.links(wearer));
    const kept = box.contains(document.activeElement) ? (document.activeElement as HTMLElement).dataset["part"] : undefined;
    $("map-about-in").replaceChildren(...parts);
    if (kept) box.querySelector<HTMLElement>(`[data-part="${kept}"]`)?.focus();
  }

  private alertLine(one: Alerting): HTMLElement {
    const link = made("a", "govuk-link", alertWords(one.worst));
    link.href = `/alerts/${one.worst.id}`;
    link.dataset["part"] = "alert";
    const held = one.worst.holder ? `, with ${one.worst.holder}` : ", nobody has it";
    return made("p", "bw-map-worst", signOf(one.worst), " ", link, ` since ${clock(one.worst.raised)}${held}${one.count > 1 ? `; ${plural(one.count - 1, "more alert")}` : ""}`);
  }

  private links(wearer: string): HTMLElement {
    const page = made("a", "govuk-link", "Wearer’s page");
    page.href = `/wearers/${encodeURIComponent(wearer)}`;
    page.dataset["part"] = "wearer";
    return made("p", "bw-map-links", page);
  }

  /** How many are on the map, how many are not, and how old it is. */
  note(count: number, leftOut: LeftOut | null, at: number): void {
    $("map-count").textContent = plural(count, "wearer");
    const why: string[] = [];
    if (leftOut?.sealed) why.push(`${leftOut.sealed.toLocaleString("en-GB")} not shown: their orders do not let their place be seen now`);
    if (leftOut?.unheard) why.push(`${leftOut.unheard.toLocaleString("en-GB")} without a fix in the last 7 days`);
    $("map-left-out").textContent = why.length ? `${why.join("; ")}.` : "";
    $("map-age").textContent = clock(at, true);
    $("map-empty").hidden = count > 0;
  }
}

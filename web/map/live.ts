/** The live map: everybody in sight, where they may be seen, as they move. */

import { toLonLat } from "ol/proj";
import type OlMap from "ol/Map";
import { ask } from "../shared/api";
import { clock, now } from "../shared/clock";
import { addKeys } from "../shared/keys";
import { type Tables, useTables } from "../queue/words";
import { followAlerts, levelOf } from "./alerting";
import { Fleet } from "./fleet";
import { followPositions } from "./following";
import { framed, motionMs } from "./frame";
import { WearersLayer } from "./layer";
import { Panel, type Picked } from "./panel";
import { MOST_IN_VIEW, Zones } from "./zones";

const OLD_MS = 10 * 60_000;
const AGED_EVERY_MS = 15_000;
const PICK_PX = 16;
const NEAR_ZOOM = 15;
const ZONES_FROM_ZOOM = 13;
const FIND_MS = 250;
const VIEW_KEPT = "bailiwick:map-view";
const EDGES = [60, 60, 60, 60];

interface Found {
  wearer: string;
  name: string;
  born: string | null;
}

/** The map of the page, with its panel. */
export class LiveMap {
  readonly fleet = new Fleet();
  readonly map: OlMap;
  readonly layer: WearersLayer;
  private readonly zones = new Zones();
  private readonly panel: Panel;
  private begun = false;
  private heardAt = 0;

  constructor(private readonly target: HTMLElement) {
    this.map = framed(target);
    this.layer = new WearersLayer(this.fleet, () => now() - OLD_MS);
    this.map.addLayer(this.zones.layer);
    this.map.addLayer(this.layer);
    this.panel = new Panel((wearer, go) => this.pick(wearer, go));
    this.map.on("singleclick", (event) => this.pickAt(event.coordinate as [number, number]));
    this.map.on("pointermove", (event) => {
      if (!event.dragging) target.style.cursor = this.rowAt(event.coordinate as [number, number]) < 0 ? "" : "pointer";
    });
    this.map.on("moveend", () => this.moved());
    // For whoever takes its picture: everything that was asked for is drawn.
    this.map.on("movestart", () => delete target.dataset["drawn"]);
    this.map.on("rendercomplete", () => (target.dataset["drawn"] = "true"));
    target.addEventListener("keydown", (event) => this.pressed(event));
    setInterval(() => this.layer.redraw(), AGED_EVERY_MS);
    this.restore();
  }

  /** Follows positions and alerts. */
  follow(): void {
    followPositions(this.fleet, {
      heard: (at, leftOut) => {
        this.heardAt = at;
        this.banner(null);
        this.panel.note(this.fleet.count, leftOut, at);
        this.fresh();
      },
      silent: (words) => this.banner(words),
    });
    followAlerts(
      (alerting) => {
        this.fleet.mark(new Map(alerting.map((one) => [one.wearer, levelOf(one.worst)])));
        this.layer.redraw();
        this.panel.alerts(alerting);
      },
      (heard) => this.stale(heard),
    );
  }

  private fresh(): void {
    this.layer.redraw();
    if (!this.begun && this.fleet.count) this.begin();
    const picked = this.layer.picked;
    if (picked !== null) this.panel.show(this.about(picked));
  }

  /** The first list came: shows whom the address names, else everybody, unless the view was moved before. */
  private begin(): void {
    this.begun = true;
    const wanted = new URLSearchParams(location.search).get("wearer");
    if (wanted && this.pick(wanted, true)) return;
    if (sessionStorage.getItem(VIEW_KEPT)) return;
    const [xs, ys] = [this.fleet.x.subarray(0, this.fleet.count), this.fleet.y.subarray(0, this.fleet.count)];
    const ends = (of: Float64Array): [number, number] => of.reduce<[number, number]>(([low, high], one) => [Math.min(low, one), Math.max(high, one)], [Infinity, -Infinity]);
    const [[west, east], [south, north]] = [ends(xs), ends(ys)];
    this.map.getView().fit([west, south, east, north], { padding: EDGES, maxZoom: 14 });
  }

  private rowAt([x, y]: readonly [number, number]): number {
    return this.fleet.nearest(x, y, PICK_PX * this.map.getView().getResolution()!, true);
  }

  private pickAt(place: [number, number]): void {
    const row = this.rowAt(place);
    if (row < 0) return this.forget();
    this.pick(this.fleet.ids[row]!, false);
  }

  /** Picks a wearer, and goes there when asked; false when they have no place on the map. */
  pick(wearer: string, go: boolean): boolean {
    const about = this.about(wearer);
    const said = document.getElementById("map-said")!;
    if (!about) {
      said.textContent = `${this.panel.nameOf(wearer) || wearer} has no place on the map: their orders do not let it be seen now, or there is no fix.`;
      return false;
    }
    said.textContent = "";
    this.layer.picked = wearer;
    this.panel.show(about);
    void this.zonesInView();
    if (go) this.go(this.fleet.rowOf(wearer)!);
    return true;
  }

  private go(row: number): void {
    const view = this.map.getView();
    const center = [this.fleet.x[row]!, this.fleet.y[row]!];
    const zoom = Math.max(view.getZoom() ?? 0, NEAR_ZOOM);
    const duration = motionMs();
    if (duration) view.animate({ center, zoom, duration });
    else {
      view.setCenter(center);
      view.setZoom(zoom);
    }
  }

  private forget(): void {
    this.layer.picked = null;
    this.panel.show(null);
    void this.zonesInView();
  }

  private about(wearer: string): Picked | null {
    const row = this.fleet.rowOf(wearer);
    if (row === undefined) return null;
    const [lon, lat] = toLonLat([this.fleet.x[row]!, this.fleet.y[row]!]) as [number, number];
    const t = this.fleet.t[row]!;
    return { wearer, t, lon, lat, acc: this.fleet.acc[row]!, old: t < now() - OLD_MS };
  }

  private moved(): void {
    const view = this.map.getView();
    if (this.begun) sessionStorage.setItem(VIEW_KEPT, JSON.stringify([view.getCenter(), view.getZoom()]));
    void this.zonesInView();
  }

  private restore(): void {
    try {
      const [center, zoom] = JSON.parse(sessionStorage.getItem(VIEW_KEPT) ?? "null") as [[number, number], number];
      this.map.getView().setCenter(center);
      this.map.getView().setZoom(zoom);
    } catch {
      // As it is at first.
    }
  }

  private async zonesInView(): Promise<void> {
    const view = this.map.getView();
    const size = this.map.getSize();
    const near = (view.getZoom() ?? 0) >= ZONES_FROM_ZOOM && size;
    const rows = near ? this.fleet.inside(view.calculateExtent(size), MOST_IN_VIEW + 1) : [];
    const wearers = rows.length > MOST_IN_VIEW ? [] : rows.map((row) => this.fleet.ids[row]!);
    const picked = this.layer.picked;
    await this.zones.show(picked && !wearers.includes(picked) ? [...wearers, picked] : wearers);
  }

  /** Enter picks who is nearest to the middle; Escape forgets. The arrows, + and - are the map's own. */
  private pressed(event: KeyboardEvent): void {
    if (event.target !== this.target) return;
    if (event.key === "Escape") this.forget();
    if (event.key !== "Enter") return;
    const [x, y] = this.map.getView().getCenter() as [number, number];
    const [width, height] = this.map.getSize()!;
    const row = this.fleet.nearest(x, y, (Math.max(width!, height!) / 2) * this.map.getView().getResolution()!, false);
    if (row >= 0) this.pick(this.fleet.ids[row]!, false);
  }

  /** Goes to the next wearer with an alert, who has a place. */
  step(by: 1 | -1): void {
    const next = this.panel.next(by);
    if (next && this.pick(next, true)) this.target.focus({ preventScroll: true });
  }

  private banner(words: string | null): void {
    const line = document.getElementById("map-stale")!;
    line.hidden = words === null;
    if (words !== null) line.textContent = `The map stands still${this.heardAt ? ` since ${clock(this.heardAt, true)}` : ""}. ${words} It is asked again by itself.`;
  }

  private stale(heard: number | null): void {
    const line = document.getElementById("banner-stream");
    if (!line) return;
    line.hidden = heard === null;
    if (heard !== null) line.textContent = `No new alerts are coming in: nothing was heard since ${clock(heard, true)}.`;
  }
}

/** The box that finds a wearer by name, number, device or address, and goes there. */
function finding(live: LiveMap): void {
  const field = document.getElementById("map-find") as HTMLInputElement;
  const list = document.getElementById("map-found")!;
  const said = document.getElementById("map-said")!;
  let timer = 0;
  let asked = 0;

  const choose = (found: Found): void => {
    list.replaceChildren();
    field.value = found.name || found.wearer;
    live.pick(found.wearer, true);
  };
  const look = async (go: boolean): Promise<void> => {
    const q = field.value.trim();
    const mine = ++asked;
    if (q.length < 2) return list.replaceChildren();
    try {
      const { items } = (await ask<{ items: Found[] }>(`search?${new URLSearchParams({ q })}`)).body;
      if (mine !== asked) return;
      if (go && items.length === 1) return choose(items[0]!);
      said.textContent = items.length ? "" : "Nobody is found by these words.";
      list.replaceChildren(
        ...items.map((found) => {
          const button = document.createElement("button");
          button.type = "button";
          button.className = "bw-map-found";
          button.textContent = `${found.name || found.wearer} (${found.wearer})`;
          button.addEventListener("click", () => choose(found));
          const line = document.createElement("li");
          line.append(button);
          return line;
        }),
      );
      if (go) list.querySelector("button")?.focus();
    } catch (error) {
      said.textContent = error instanceof Error ? error.message : String(error);
    }
  };
  field.addEventListener("input", () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => void look(false), FIND_MS);
  });
  field.form!.addEventListener("submit", (event) => {
    event.preventDefault();
    window.clearTimeout(timer);
    void look(true);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") list.querySelector("button")?.focus();
  });
}

/** The live map of this page, when it has one. */
export async function liveMap(target: HTMLElement): Promise<LiveMap> {
  useTables((await ask<Tables>("/words.json", { background: true })).body);
  const live = new LiveMap(target);
  finding(live);
  addKeys([
    { name: "map-next", key: "n", words: "The next wearer with an alert", group: "Map", act: () => live.step(1) },
    { name: "map-previous", key: "p", words: "The one before", group: "Map", act: () => live.step(-1) },
    { name: "map-find", key: "/", words: "Find a wearer", group: "Map", act: () => document.getElementById("map-find")?.focus() },
    { name: "map-focus", key: "m", words: "To the map: arrows move it, + and - bring it nearer", group: "Map", act: () => target.focus() },
  ]);
  live.follow();
  return live;
}

/**
 * The zone editor: the map beside the fields of a shape. The text of the fields is the shape; the map reads it and writes it, so that whatever
 * is drawn can be typed. While it is drawn the service says how large it is and what it is warned of.
 */

import Feature from "ol/Feature";
import VectorLayer from "ol/layer/Vector";
import VectorSource from "ol/source/Vector";
import { post, Refused } from "../shared/api";
import { circle, geometryOf, widthOf, type Place, type Shape } from "../shared/geo";
import { framed } from "../map/frame";
import { styleOf } from "../map/look";
import { areaOf, Drawing, type Tool } from "./drawing";
import { Fields } from "./fields";
import { mainRoads, roadNear, type Road } from "./roads";
import { shapeOf, textOf, type Kind, type Typed } from "./shape_text";

const CHECK_AFTER_MS = 600;

interface Background {
  zones: { name: string; shape: Shape }[];
  homes: { name: string; lon: number; lat: number; radius_m: number }[];
  zone: string | null;
  order: string | null;
}

interface Checked {
  area_m2: number;
  across_m: number;
  tall_m: number;
  warnings: { cause: string }[];
}

const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });

function sizeWords(area: number): string {
  if (area >= 1e6) return `${(area / 1e6).toFixed(2)} km²`;
  return area >= 1e4 ? `${(area / 1e4).toFixed(1)} hectares` : `${whole.format(area)} m²`;
}

function behind(background: Background): VectorSource {
  const source = new VectorSource();
  for (const { name, shape } of background.zones) {
    source.addFeature(new Feature({ geometry: geometryOf(shape), kind: "zone", name, width: widthOf(shape) }));
  }
  for (const home of background.homes) {
    source.addFeature(new Feature({ geometry: circle([home.lon, home.lat] as Place, home.radius_m), kind: "home", name: home.name }));
  }
  return source;
}

class Editor {
  private readonly fields: Fields;
  private readonly drawing: Drawing;
  private tool: Tool = "move";
  private roads: Road[] | null = null;
  private waiting = 0;
  private checking: AbortController | null = null;
  private readonly size = document.getElementById("zone-size")!;
  private readonly warnings = document.getElementById("zone-warnings")!;
  private readonly tools = document.getElementById("zone-tools")!;

  constructor(
    target: HTMLElement,
    form: HTMLFormElement,
    private readonly background: Background,
    private readonly editable: boolean,
  ) {
    const map = framed(target, { wheelNeedsFocus: true });
    const around = behind(background);
    map.addLayer(new VectorLayer({ source: around, style: styleOf, zIndex: 10 }));
    this.fields = new Fields(form, (typed) => this.changed(typed));
    this.drawing = new Drawing(map, around, (shape) => this.fields.write(textOf(shape, this.fields.read())), () => this.take("move"));
    this.drawing.show(shapeOf(this.fields.read()));
    this.drawing.fit();
    this.tellSize(shapeOf(this.fields.read()));
    if (!editable) return;
    this.buttons();
    this.take("move");
    this.check();
    void mainRoads().then((roads) => {
      this.roads = roads;
      const line = document.getElementById("zone-roads");
      if (line) line.hidden = roads !== null;
      if (roads) this.check();
    });
  }

  private changed(typed: Typed): void {
    const shape = shapeOf(typed);
    this.drawing.show(shape);
    this.drawing.bringIntoView();
    this.tellSize(shape);
    this.buttons();
    if (this.tool !== "move" && this.tool !== "take_out") this.take(this.tool);
    this.check();
  }

  private take(tool: Tool): void {
    const typed = this.fields.read();
    this.tool = tool;
    this.drawing.use(tool, typed.kind, Number(typed.width || "100"));
    this.buttons();
  }

  private buttons(): void {
    const typed = this.fields.read();
    const shape = shapeOf(typed);
    const words: Record<Kind, string> = { polygon: "Draw the outline", circle: "Draw the circle", corridor: "Draw the line" };
    const kept = document.activeElement instanceof HTMLButtonElement ? document.activeElement.dataset["tool"] : undefined;
    const found: HTMLButtonElement[] = [];
    const button = (name: string, text: string, act: () => void, pressed?: boolean): void => {
      const made = document.createElement("button");
      made.type = "button";
      made.className = "govuk-button govuk-button--secondary bw-small";
      made.dataset["tool"] = name;
      made.textContent = text;
      if (pressed !== undefined) made.setAttribute("aria-pressed", String(pressed));
      made.addEventListener("click", act);
      found.push(made);
    };
    const tool = (name: Tool, text: string): void => button(name, text, () => this.take(name), this.tool === name);
    tool("draw", words[typed.kind]);
    if (shape) tool("move", "Move");
    if (shape && typed.kind !== "circle") tool("take_out", "Take out corners");
    if (shape && typed.kind === "polygon") {
      tool("hole", "Add a hole");
      tool("part", "Add a part");
    }
    if (this.fields.undoable) button("undo", "Undo", () => this.fields.undo());
    if (shape) button("fit", "Show all of it", () => this.drawing.fit());
    this.tools.replaceChildren(...found);
    this.tools.hidden = false;
    if (kept) (found.find((one) => one.dataset["tool"] === kept) ?? found[0])?.focus();
  }

  private tellSize(shape: Shape | null): void {
    this.size.textContent = shape ? sizeWords(areaOf(shape)) : "";
  }

  private check(): void {
    window.clearTimeout(this.waiting);
    this.checking?.abort();
    this.warnings.replaceChildren();
    const shape = shapeOf(this.fields.read());
    if (!shape) return;
    this.waiting = window.setTimeout(() => void this.ask(shape), CHECK_AFTER_MS);
  }

  private async ask(shape: Shape): Promise<void> {
    const { zone, order } = this.background;
    this.checking = new AbortController();
    const found: string[] = [];
    try {
      const body = { shape, ...(order ? { order } : zone ? { zone } : {}) };
      const told = (await post<Checked>("zones/preview", body, { signal: this.checking.signal })).body;
      this.size.textContent = `${sizeWords(told.area_m2)}, ${whole.format(told.across_m)} m from west to east, ${whole.format(told.tall_m)} m from south to north`;
      found.push(...told.warnings.map((one) => one.cause));
    } catch (error) {
      if (this.checking.signal.aborted) return;
      found.push(error instanceof Refused ? error.message : "The service could not check the shape: it is checked when you save.");
    }
    const road = this.roads ? roadNear(shape, this.roads) : null;
    if (road) found.push(`its edge is ${whole.format(road.metres)} m from ${road.name}: who only passes by will seem to come in`);
    this.tell(found);
  }

  private tell(causes: readonly string[]): void {
    if (!causes.length) {
      this.warnings.replaceChildren();
      return;
    }
    const list = document.createElement("ul");
    list.className = "govuk-list bw-warnings";
    for (const cause of causes) {
      const item = document.createElement("li");
      item.textContent = `${cause.charAt(0).toUpperCase()}${cause.slice(1)}${cause.endsWith(".") ? "" : "."}`;
      list.append(item);
    }
    this.warnings.replaceChildren(list);
  }
}

const target = document.getElementById("zone-map");
const form = document.getElementById("zone-form");
const island = document.getElementById("zone-background");
if (target && form instanceof HTMLFormElement && island) {
  new Editor(target, form, JSON.parse(island.textContent ?? "{}") as Background, target.dataset["editable"] === "true");
}

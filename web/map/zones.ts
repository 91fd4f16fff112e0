/** The zones and homes of who was picked, and of the few who are in view when it is near: asked for once each. */

import Feature from "ol/Feature";
import VectorLayer from "ol/layer/Vector";
import VectorSource from "ol/source/Vector";
import { ask } from "../shared/api";
import { circle, geometryOf, widthOf, type Shape } from "../shared/geo";
import { styleOf } from "./look";

interface Condition {
  id: string;
  kind: string;
  name?: string | null;
  zone?: Shape | { id: string } | null;
  place?: { name: string; lon: number; lat: number; radius_m: number } | null;
  buffer_m?: number | null;
}

interface Kept<Record> {
  record: Record;
}

export const MOST_IN_VIEW = 8;
const KEPT_MS = 5 * 60_000;

export class Zones {
  readonly source = new VectorSource();
  readonly layer = new VectorLayer({ source: this.source, style: styleOf, zIndex: 5, updateWhileAnimating: false, updateWhileInteracting: false });
  private known = new Map<string, { at: number; features: Feature[] }>();
  private shared = new Map<string, Promise<Shape | null>>();
  private shown = "";

  /** Shows those of these wearers, and of nobody else. */
  async show(wearers: readonly string[]): Promise<void> {
    const wanted = [...wearers].sort().join(" ");
    if (wanted === this.shown) return;
    this.shown = wanted;
    const found = await Promise.all(wearers.map((wearer) => this.of(wearer)));
    // Somebody else may have been wanted meanwhile.
    if (wanted !== this.shown) return;
    this.source.clear();
    this.source.addFeatures([...new Set(found.flat())]);
  }

  private async of(wearer: string): Promise<Feature[]> {
    const known = this.known.get(wearer);
    if (known && Date.now() - known.at < KEPT_MS) return known.features;
    try {
      const at = new Date().toISOString();
      const query = new URLSearchParams({ wearer, at, limit: "200" });
      const { items } = (await ask<{ items: Kept<Condition>[] }>(`conditions?${query}`, { background: true })).body;
      const features = (await Promise.all(items.map(({ record }) => this.features(record)))).flat();
      this.known.set(wearer, { at: Date.now(), features });
      return features;
    } catch {
      return [];
    }
  }

  private async features(one: Condition): Promise<Feature[]> {
    const made: Feature[] = [];
    const shape = one.zone && "id" in one.zone ? await this.zone(one.zone.id) : (one.zone as Shape | null | undefined);
    if (shape) {
      const about = { kind: "zone", sort: one.kind, name: one.name, width: widthOf(shape) };
      made.push(new Feature({ geometry: geometryOf(shape), ...about }));
    }
    if (one.place) {
      const { lon, lat, radius_m, name } = one.place;
      made.push(new Feature({ geometry: circle([lon, lat], radius_m), kind: one.kind === "curfew" ? "home" : "zone", sort: "attendance", name }));
    }
    return made;
  }

  private zone(id: string): Promise<Shape | null> {
    let asked = this.shared.get(id);
    if (!asked) {
      asked = ask<{ record: { shape: Shape } }>(`zones/${encodeURIComponent(id)}`, { background: true }).then(
        (told) => told.body.record.shape,
        () => null,
      );
      this.shared.set(id, asked);
    }
    return asked;
  }
}

/** Who has an open alert: read once, then as the stream tells it. */

import { type Alert, isOpen, worse } from "../queue/alert";
import { ask } from "../shared/api";
import { follow } from "../shared/stream";
import { LEVELS } from "./look";

const MOST = 5_000;
const SETTLE_MS = 150;

export interface Alerting {
  wearer: string;
  worst: Alert;
  count: number;
}

/** Calls `told` with everybody who has one, the worst first, at first and after each change; `stale` when the stream is. */
export function followAlerts(told: (alerting: Alerting[]) => void, stale: (heardMs: number | null) => void): void {
  const alerts = new Map<string, Alert>();
  let timer = 0;

  const tell = (): void => {
    timer = 0;
    const of = new Map<string, Alerting>();
    for (const alert of alerts.values()) {
      if (!alert.wearer) continue;
      const known = of.get(alert.wearer);
      if (!known) of.set(alert.wearer, { wearer: alert.wearer, worst: alert, count: 1 });
      else {
        known.count += 1;
        if (worse(alert, known.worst) < 0) known.worst = alert;
      }
    }
    told([...of.values()].sort((a, b) => worse(a.worst, b.worst)));
  };
  const soon = (): void => {
    if (!timer) timer = window.setTimeout(tell, SETTLE_MS);
  };
  const read = async (): Promise<void> => {
    let path: string | null = "alerts?work=raised&work=claimed&work=actioned&grouped=false&limit=1000";
    const found: Alert[] = [];
    while (path !== null && found.length < MOST) {
      const page: { items: Alert[]; next: string | null } = (await ask<{ items: Alert[]; next: string | null }>(path, { background: true })).body;
      found.push(...page.items);
      path = page.next;
    }
    alerts.clear();
    for (const alert of found) if (isOpen(alert)) alerts.set(alert.id, alert);
    tell();
  };
  const anew = (): void => void read().catch(() => window.setTimeout(anew, 5_000));
  anew();
  follow(
    {
      event: (_, body) => {
        const alert = body as unknown as Alert;
        if (isOpen(alert)) alerts.set(alert.id, alert);
        else alerts.delete(alert.id);
        soon();
      },
      anew,
      link: (state, heard) => stale(state === "stale" ? heard : null),
    },
    "alert",
  );
}

/** The place of an alert's severity in `LEVELS`. */
export const levelOf = (alert: Alert): number => Math.max(0, LEVELS.indexOf(alert.severity));

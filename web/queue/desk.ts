/** What is done to alerts from the queue: asked of the API, told in words, and undone for a minute. */

import { ask, Away, freshKey, post, Refused } from "../shared/api";
import { now } from "../shared/clock";
import type { Alert } from "./alert";
import type { Queue } from "./queue";
import { alertWords, fasterWords, outcomeWords, plural, sentence } from "./words";

export type Event = "claim" | "release" | "action" | "escalate" | "close" | "reopen";

export interface Words {
  note?: string;
  outcome?: string;
}

export interface Contact {
  party: string;
  channel: string;
  answered: boolean | null;
  said: string | null;
}

export interface Said {
  no: number;
  words: string;
  bad: boolean;
  /** What can be undone, and until when (ms). */
  ids: readonly string[];
  until: number;
}

interface Result {
  id: string;
  status: number;
  cause: string | null;
}

const UNDO_MS = 60_000;
const SAID_KEPT = 4;
const READ_AT_ONCE = 10;
const AT_ONCE = 1_000;
const PAST: Record<Event, string> = {
  claim: "claimed",
  release: "released",
  action: "recorded",
  escalate: "escalated",
  close: "closed",
  reopen: "reopened",
};

export class Desk {
  said: Said[] = [];
  private no = 0;

  constructor(
    private readonly queue: Queue,
    private readonly who: (alert: Alert) => string,
    private readonly told: () => void,
  ) {}

  /** Does one thing to some alerts; the words why not, for whoever has a form open. Null when all were done. */
  async act(event: Event, alerts: readonly Alert[], words: Words = {}): Promise<string | null> {
    if (alerts.length === 0) return "There is nothing that this can be done to.";
    try {
      const [first] = alerts;
      const wrong = alerts.length === 1 && first ? await this.one(event, first, words) : await this.many(event, alerts, words);
      if (wrong === null && event === "close") this.tellClosed(alerts, words.outcome ?? "");
      else if (wrong === null && event !== "reopen" && first && alerts.length === 1) this.tell(`${sentence(PAST[event])}: ${this.about(first)}.`);
      if (wrong === null && event === "reopen") this.said = this.said.filter((one) => one.ids.length === 0);
      return wrong;
    } catch (error) {
      return this.refusal(event, alerts, error);
    } finally {
      this.told();
    }
  }

  private async one(event: Event, alert: Alert, words: Words): Promise<null> {
    const asked = { ifMatch: `"${alert.revision}"`, key: freshKey() };
    const path = `alerts/${alert.id}/${event}`;
    const answer = await again(() => post<Alert>(path, Object.keys(words).length ? words : undefined, asked));
    this.queue.take(answer.body);
    return null;
  }

  private async many(event: Event, alerts: readonly Alert[], words: Words): Promise<string | null> {
    const refused: string[] = [];
    for (let from = 0; from < alerts.length; from += AT_ONCE) {
      const some = alerts.slice(from, from + AT_ONCE);
      const items = some.map((alert) => ({ id: alert.id, revision: alert.revision }));
      const key = freshKey();
      const answer = await again(() => post<{ items: Result[] }>("alerts/bulk", { event, items, ...words }, { key }));
      await this.reread(some);
      for (const result of answer.body.items) {
        const alert = some.find((one) => one.id === result.id);
        if (result.status !== 200 && alert) refused.push(`${this.about(alert)}: ${result.cause ?? "refused"}`);
      }
    }
    if (refused.length === 0) {
      if (event !== "close") this.tell(`${plural(alerts.length, "alert")} ${PAST[event]}.`);
      return null;
    }
    const done = alerts.length - refused.length;
    const words_ = `${done} of ${plural(alerts.length, "alert")} ${PAST[event]}. Not ${PAST[event]}: ${refused.slice(0, 5).join("; ")}`;
    const more = refused.length > 5 ? `; and ${refused.length - 5} more` : "";
    this.tell(`${words_}${more}.`, true);
    return `${words_}${more}.`;
  }

  /** What a bulk request left behind: the stream brings it too, but may be late. */
  private async reread(alerts: readonly Alert[]): Promise<void> {
    const few = alerts.slice(0, READ_AT_ONCE);
    const found = await Promise.allSettled(few.map((alert) => ask<Alert>(`alerts/${alert.id}`)));
    for (const one of found) if (one.status === "fulfilled") this.queue.take(one.value.body);
  }

  private async refusal(event: Event, alerts: readonly Alert[], error: unknown): Promise<string> {
    const [alert] = alerts;
    const about = alerts.length === 1 && alert ? `: ${this.about(alert)}` : "";
    let why = "No answer came from the service. Try again: it is not done twice.";
    if (error instanceof Refused) {
      const faster = fasterWords(error.problem);
      why = error.status === 401 ? "You are signed out. What you typed is kept." : faster ? `${faster}. Look again, then decide.` : `${error.message}.`;
      if (error.status === 412 || error.status === 409) await this.reread(alerts);
    } else if (!(error instanceof Away)) {
      throw error;
    }
    this.tell(`Not ${PAST[event]}${about}. ${why}`, true);
    return why;
  }

  /** Records that something was done to some alerts; they are claimed first. */
  async note(alerts: readonly Alert[], me: string, words: Words): Promise<string | null> {
    return (await this.hold(alerts, me)) ?? this.act("action", this.asTheyAre(alerts), words);
  }

  private async hold(alerts: readonly Alert[], me: string): Promise<string | null> {
    const unheld = alerts.filter((alert) => this.queue.get(alert.id)?.holder !== me);
    return unheld.length ? this.act("claim", unheld) : null;
  }

  private asTheyAre = (alerts: readonly Alert[]): Alert[] => alerts.map((alert) => this.queue.get(alert.id) ?? alert);

  /** Enters a contact about the first of some alerts, and the same as an action on the rest; they are claimed first. */
  async contact(alerts: readonly Alert[], me: string, contact: Contact): Promise<string | null> {
    const wrong = await this.hold(alerts, me);
    if (wrong !== null) return wrong;
    const [first, ...rest] = this.asTheyAre(alerts);
    if (!first) return "There is nothing that this can be done to.";
    try {
      const key = freshKey();
      await again(() => post(`alerts/${first.id}/contacts`, contact, { key }));
      await this.reread([first]);
      this.tell(`Contact recorded: ${this.about(first)}.`);
    } catch (error) {
      return this.refusal("action", [first], error);
    } finally {
      this.told();
    }
    return rest.length ? this.act("action", rest, contact.said ? { note: contact.said } : {}) : null;
  }

  async undo(said = this.said.find((one) => one.ids.length > 0 && one.until > now())): Promise<void> {
    if (!said) return;
    const closed = await Promise.all(said.ids.map((id) => ask<Alert>(`alerts/${id}`).then((told) => told.body)));
    if ((await this.act("reopen", closed)) === null) {
      this.said = this.said.filter((one) => one !== said);
      this.tell("The closing was undone.");
    }
  }

  private tellClosed(alerts: readonly Alert[], outcome: string): void {
    const [first] = alerts;
    const what = alerts.length === 1 && first ? this.about(first) : plural(alerts.length, "alert");
    const ids = alerts.map((alert) => alert.id);
    this.say({ words: `Closed as ${outcomeWords(outcome).toLowerCase()}: ${what}.`, bad: false, ids, until: now() + UNDO_MS });
  }

  private about = (alert: Alert): string => `${alertWords(alert)}, ${this.who(alert)}`;

  tell(words: string, bad = false): void {
    this.say({ words, bad, ids: [], until: now() + UNDO_MS });
  }

  private say(said: Omit<Said, "no">): void {
    this.no += 1;
    this.said = [{ no: this.no, ...said }, ...this.said.filter((one) => one.ids.length > 0)].slice(0, SAID_KEPT);
    this.told();
  }

  /** What was said a minute ago is said no more; whether anything went. */
  forget(): boolean {
    const before = this.said.length;
    this.said = this.said.filter((one) => one.until > now());
    return this.said.length !== before;
  }

  drop(no: number): void {
    this.said = this.said.filter((one) => one.no !== no);
    this.told();
  }
}

/** Asks once more when no answer came: the same key does it once. */
async function again<Answer>(send: () => Promise<Answer>): Promise<Answer> {
  try {
    return await send();
  } catch (error) {
    if (error instanceof Away) return send();
    throw error;
  }
}

/** Asks for a trail as somebody who says why: the purpose is kept with the audit. */

import { Away, Refused } from "../shared/api";
import { heard } from "../shared/clock";

const GIVE_UP_MS = 120_000;
const MOST_CHARACTERS = 200;

/** What may stand in a header: letters without their accents, in one line. */
export const plain = (why: string): string =>
  why
    .normalize("NFKD")
    .replace(/[^\x20-\x7e]/g, "")
    .trim()
    .slice(0, MOST_CHARACTERS);

/** The answer, whole. Raises `Refused` or `Away`. */
export async function askFor(wearer: string, from: string, to: string, why: string, accept: string): Promise<Response> {
  const query = new URLSearchParams({ from, to });
  let answer: Response;
  try {
    answer = await fetch(`/api/v1/wearers/${encodeURIComponent(wearer)}/trail?${query}`, {
      headers: { Accept: accept, "Bailiwick-Purpose": plain(why) },
      signal: AbortSignal.timeout(GIVE_UP_MS),
    });
  } catch {
    throw new Away("No answer came from the service. Try again.");
  }
  heard(answer);
  if (answer.ok) return answer;
  if (answer.status === 401) document.dispatchEvent(new CustomEvent("bailiwick:signed-out"));
  const problem = (await answer.json().catch(() => ({}))) as { detail?: string; title?: string };
  throw new Refused(answer.status, problem.detail ?? problem.title ?? `It was refused (${answer.status})`);
}

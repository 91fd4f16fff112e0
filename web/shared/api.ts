/** The API as a page asks it: the session's cookie, its CSRF token, and what is refused as `Refused` in its own words. */

import { heard } from "./clock";

const ROOT = "/api/v1/";
const GIVE_UP_MS = 20_000;

export class Refused extends Error {
  constructor(
    readonly status: number,
    words: string,
    readonly problem: Record<string, unknown> = {},
  ) {
    super(words);
  }
}

/** No answer came at all: the network or the server is away. */
export class Away extends Error {}

export interface Told<Body> {
  body: Body;
  etag: string | null;
  status: number;
}

export interface Asked {
  method?: string;
  body?: unknown;
  ifMatch?: string | null;
  key?: string;
  signal?: AbortSignal;
  accept?: string;
  /** The page asks by itself: that keeps nobody signed in. */
  background?: boolean;
}

let csrf = document.documentElement.dataset["csrf"] ?? "";

/** Another token, after somebody signed in again on this page. */
export function takeToken(token: string): void {
  csrf = token;
  document.documentElement.dataset["csrf"] = token;
  for (const field of document.querySelectorAll<HTMLInputElement>("input[name=csrf]")) field.value = token;
}

/** Asks `path`, below `/api/v1/` unless it begins with a slash. Raises `Refused` or `Away`; 401 is told to the page too. */
export async function ask<Body>(path: string, asked: Asked = {}): Promise<Told<Body>> {
  const headers: Record<string, string> = { Accept: asked.accept ?? "application/json" };
  if (asked.background) headers["Bailiwick-Background"] = "true";
  if (asked.method && asked.method !== "GET") headers["Bailiwick-CSRF"] = csrf;
  if (asked.body !== undefined) headers["Content-Type"] = "application/json";
  if (asked.ifMatch) headers["If-Match"] = asked.ifMatch;
  if (asked.key) headers["Idempotency-Key"] = asked.key;
  const limit = AbortSignal.timeout(GIVE_UP_MS);
  let answer: Response;
  try {
    answer = await fetch(path.startsWith("/") ? path : ROOT + path, {
      method: asked.method ?? "GET",
      headers,
      signal: asked.signal ? AbortSignal.any([asked.signal, limit]) : limit,
      ...(asked.body === undefined ? {} : { body: JSON.stringify(asked.body) }),
    });
  } catch (error) {
    if (asked.signal?.aborted) throw error;
    throw new Away("No answer came from the service.");
  }
  heard(answer);
  const body = (answer.headers.get("content-type") ?? "").includes("json") ? await answer.json() : null;
  if (answer.ok) return { body: body as Body, etag: answer.headers.get("etag"), status: answer.status };
  if (answer.status === 401) document.dispatchEvent(new CustomEvent("bailiwick:signed-out"));
  const words = String(body?.errors?.[0]?.cause ?? body?.detail ?? body?.title ?? `It was refused (${answer.status})`);
  throw new Refused(answer.status, words.charAt(0).toUpperCase() + words.slice(1), body ?? {});
}

export const get = async <Body>(path: string, signal?: AbortSignal): Promise<Body> =>
  (await ask<Body>(path, signal ? { signal } : {})).body;

export const post = <Body>(path: string, body?: unknown, more: Asked = {}): Promise<Told<Body>> =>
  ask<Body>(path, { ...more, method: "POST", ...(body === undefined ? {} : { body }) });

/** A key under which the same request, sent again after no answer came, is done once. */
export const freshKey = (): string => crypto.randomUUID();

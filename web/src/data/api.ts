/** Questions to the server, and what can go wrong with them. */

import type {
  Candidates, ClassInfo, CostGroup, Curve, ImageInfo, Kind, LearningInfo, Order, Outcome, ProjectInfo, ReviewState, WireEdit, WireObject, WireProposal,
} from "./protocol.ts";
import type { WireMask } from "../editing/runs.ts";

/** An answer that says no. status 0: there was no answer at all. */
export class ServerError extends Error {
  constructor(readonly status: number, readonly code: string, message: string, readonly body: Record<string, unknown> = {}) {
    super(message);
  }
  /** Whether the same question may be answered later. */
  get isPassing(): boolean {
    return this.status === 0 || this.status >= 500 || this.status === 403 || this.status === 429 || this.code === "image-changed";
  }
}

const ANSWER_MS = 20_000;
const LARGE_IMAGE_MS = 300_000; // until it is read and made smaller, when it is opened first
const PROPOSE_MS = 660_000; // longer than the server waits for an assistant

export async function ask<T>(method: string, path: string, body?: unknown, signal?: AbortSignal, limitMs = ANSWER_MS): Promise<T> {
  const limit = AbortSignal.timeout(limitMs);
  let answer: Response;
  let value: unknown;
  try {
    answer = await fetch(`/api${path}`, {
      method,
      headers: body === undefined ? {} : { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
    });
    value = await answer.json();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ServerError(0, "no-answer", "The server does not answer.");
  }
  if (answer.ok) return value as T;
  const said = value as { error?: string; code?: string };
  throw new ServerError(answer.status, said.code ?? "", said.error ?? `The server answered ${answer.status}.`, value as Record<string, unknown>);
}

const post = <T>(path: string, body: unknown, signal?: AbortSignal) => ask<T>("POST", path, body, signal);

export const api = {
  project: () => ask<ProjectInfo>("GET", "/project"),
  cost: () => ask<{ objects: number; groups: CostGroup[] }>("GET", "/cost"),
  learning: () => ask<LearningInfo>("GET", "/learning"),
  changeLearning: (values: object) => post<LearningInfo>("/learning", values),
  learningCurve: () => ask<Curve>("GET", "/learning/curve"),
  addClass: (name: string, kind: Kind) => post<ClassInfo>("/classes", { name, kind }),
  changeClass: (id: number, values: Partial<Omit<ClassInfo, "id">>) => ask<ClassInfo>("PATCH", `/classes/${id}`, values),
  removeClass: (id: number, to: number | null) => ask<{ moved: number }>("DELETE", `/classes/${id}${to === null ? "" : `?to=${to}`}`),
  images: (order: Order, state: ReviewState | "", offset: number, limit: number, seed: number) =>
    ask<{ total: number; images: ImageInfo[] }>("GET", `/images?order=${order}&state=${state}&offset=${offset}&limit=${limit}&seed=${seed}`),
  image: (id: number) => ask<ImageInfo>("GET", `/images/${id}`, undefined, undefined, LARGE_IMAGE_MS),
  changeImage: (id: number, values: { state?: ReviewState; note?: string }) => ask<ImageInfo>("PATCH", `/images/${id}`, values),
  acceptFile: (id: number) => post<ImageInfo>(`/images/${id}/accept`, {}),
  objects: (id: number) => ask<{ revision: number; objects: WireObject[] }>("GET", `/images/${id}/objects`),
  changes: (id: number, since: number) =>
    ask<{ revision: number; edits: WireEdit[]; can_undo: boolean; can_redo: boolean }>("GET", `/images/${id}/changes?since=${since}`),
  presence: (id: number, client: string) => post<{ others: number }>(`/images/${id}/presence`, { client }),
  send: (id: number, what: string, body: unknown) => post<Outcome>(`/images/${id}/${what}`, body),
  proposals: (id: number) => ask<{ proposals: WireProposal[] }>("GET", `/images/${id}/proposals?state=open`),
  openAssistant: (id: number, assistant: string | null) => post<{ assistant: string | null; ready: boolean }>(`/images/${id}/assist/open`, { assistant }),
  mask: (id: number, question: { clicks: [number, number, boolean][]; box?: number[]; previous?: WireMask; assistant: string | null }, signal: AbortSignal) =>
    post<Candidates>(`/images/${id}/assist/mask`, question, signal),
  propose: (id: number, classId: number | null, assistant: string | null) =>
    ask<{ ids: number[] }>("POST", `/images/${id}/assist/propose`, { class_id: classId, assistant }, undefined, PROPOSE_MS),
};

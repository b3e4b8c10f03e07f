/** Edits on their way to the server: kept in the browser until they are acknowledged, sent in order, never twice. */

import { computed, signal } from "@preact/signals";
import { ServerError } from "./api.ts";
import type { BrowserStore } from "./browser_store.ts";
import type { Outcome } from "./protocol.ts";

export type Step = "edits" | "undo" | "redo" | "proposals/decide";

/** One step of an image's history. `seen`: the revision it was made on; `base`: what was sent, which stays the same when it is sent again. */
export interface Entry {
  key: string; at: number; project: string; client: string; image: number; step: Step; edit_id: string;
  seen: number; base: number | null; body: Record<string, unknown>;
  /** An undo or redo of something that the page does not know: it is done on the page when the answer comes. */
  isBlind: boolean;
}

export type Saved = "saved" | "saving" | "waiting" | "asking";

export interface Listener {
  acknowledged(entry: Entry, outcome: Outcome): void;
  /** Others changed the same; the outbox waits until `settle` is called. */
  conflict(entry: Entry, error: ServerError): void;
  /** The image's file is another one than was labelled; the edit waits until the person has looked at it. */
  changed?(entry: Entry): void;
  /** The server will never take it; it is out of the outbox. */
  refused(entry: Entry, error: ServerError): void;
}

const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 5000;

export class Outbox {
  readonly entries = signal<readonly Entry[]>([]);
  /** Why nothing can be sent at the moment, in words; empty where it can. */
  readonly trouble = signal("");
  readonly question = signal<{ entry: Entry; error: ServerError } | null>(null);
  readonly saved = computed<Saved>(() => {
    if (this.question.value !== null) return "asking";
    if (this.entries.value.length === 0) return "saved";
    return this.trouble.value === "" ? "saving" : "waiting";
  });
  private running = false;
  private wake: (() => void) | null = null;
  private last = 0;

  constructor(
    private readonly store: BrowserStore,
    private readonly send: (image: number, step: Step, body: unknown) => Promise<Outcome>,
    private readonly listener: Listener,
    readonly project: string,
    readonly client: string,
  ) {}

  /** Take in what pages that are gone have left behind. `isAlive`: whether a page of that name is still there and sends by itself. */
  async adopt(isAlive: (client: string) => boolean): Promise<void> {
    const left = (await this.store.all(this.project)).filter((entry) => entry.client === this.client || !isAlive(entry.client));
    const known = new Set(this.entries.value.map((entry) => entry.key));
    const more = left.filter((entry) => !known.has(entry.key));
    if (more.length === 0) return;
    // `client` is in what was sent, so that of an entry sent before stays.
    this.entries.value = [...more, ...this.entries.value];
    void this.run();
  }

  of(image: number): Entry[] {
    return this.entries.value.filter((entry) => entry.image === image);
  }

  add(image: number, step: Step, seen: number, body: Record<string, unknown>, isBlind = false): Entry {
    this.last = Math.max(this.last + 1, Date.now() * 16);
    const id = crypto.randomUUID();
    // With nothing before it, its base is known: it need not be written twice, nor be waited for until it is kept.
    const base = this.of(image).length === 0 ? seen : null;
    const entry: Entry = { key: id, at: this.last, project: this.project, client: this.client, image, step, edit_id: id, seen, base, body, isBlind };
    this.entries.value = [...this.entries.value, entry];
    this.store.put([entry]).catch(() => {}); // it is in memory, and is sent from there
    void this.run();
    return entry;
  }

  /** Go on after a conflict: with the own edit on top of what others did, or without it. */
  settle(insist: boolean): Entry | null {
    const asked = this.question.value;
    if (asked === null) return null;
    const { entry, error } = asked;
    if (insist) {
      const again = { ...entry, edit_id: crypto.randomUUID(), seen: Number(error.body.revision ?? entry.seen), base: null };
      this.replace(again);
      this.store.put([again]).catch(() => {});
    } else this.drop(entry);
    this.question.value = null;
    void this.run();
    return entry;
  }

  /** Try again now, without waiting for the pause to end. */
  hurry(): void {
    this.wake?.();
    void this.run();
  }

  private replace(changed: Entry): void {
    this.entries.value = this.entries.value.map((entry) => (entry.key === changed.key ? changed : entry));
  }

  private drop(entry: Entry): void {
    this.entries.value = this.entries.value.filter((one) => one.key !== entry.key);
    this.store.remove(entry.key).catch(() => {});
  }

  private async run(): Promise<void> {
    if (this.running) return;
    this.running = true;
    let pause = FIRST_PAUSE_MS;
    try {
      while (this.entries.value.length > 0 && this.question.value === null) {
        try {
          await this.sendFirst();
          pause = FIRST_PAUSE_MS;
          this.trouble.value = "";
        } catch (error) {
          if (!(error instanceof ServerError) || !error.isPassing) throw error;
          if (error.code === "image-changed") this.listener.changed?.(this.entries.value[0]);
          this.trouble.value = error.message;
          await new Promise<void>((resolve) => {
            const timer = setTimeout(resolve, pause);
            this.wake = () => {
              clearTimeout(timer);
              resolve();
            };
          });
          pause = Math.min(LONGEST_PAUSE_MS, 2 * pause);
        }
      }
    } finally {
      this.running = false;
    }
  }

  private async sendFirst(): Promise<void> {
    let entry = this.entries.value[0];
    if (entry.base === null) {
      entry = { ...entry, base: entry.seen };
      this.replace(entry);
      await this.store.put([entry]).catch(() => {});
    }
    const body = { ...entry.body, edit_id: entry.edit_id, base_revision: entry.base, client: entry.client };
    let outcome: Outcome;
    try {
      outcome = await this.send(entry.image, entry.step, body);
    } catch (error) {
      if (!(error instanceof ServerError) || error.isPassing) throw error;
      if (error.code === "conflict" && entry.step === "edits") {
        this.question.value = { entry, error };
        this.listener.conflict(entry, error);
      } else {
        this.drop(entry);
        this.listener.refused(entry, error);
      }
      return;
    }
    // What follows on this image was made on top of this edit.
    const later = this.entries.value.filter((one) => one.image === entry.image && one.key !== entry.key);
    const moved = later.map((one) => ({ ...one, seen: Math.max(one.seen, outcome.revision) }));
    for (const one of moved) this.replace(one);
    if (moved.length > 0) await this.store.put(moved).catch(() => {});
    this.drop(entry);
    this.listener.acknowledged(entry, outcome);
  }
}

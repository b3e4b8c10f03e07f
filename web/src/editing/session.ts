/** One open image: what is done to its objects applies at once, goes into the outbox, and is brought in line with the server. */

import { signal } from "@preact/signals";
import { api } from "../data/api.ts";
import type { Entry, Outbox } from "../data/outbox.ts";
import type { ImageInfo, Outcome, WireChange, WireEdit } from "../data/protocol.ts";
import { type Applied, type Item, itemOf, ObjectStore, type Wanted } from "./objects.ts";
import { fromWire, toWire, type WireMask } from "./runs.ts";
import type { Spans } from "./spans.ts";

const MOST_REMEMBERED = 200; // steps that are undone without asking the server; the server knows all

export interface Spent { seconds: number; clicks: number }

export interface How { tool: string; assistant?: string | null; exclusive?: boolean }

/** A proposal as the page holds it. */
export interface Proposal { readonly id: number; readonly class_id: number | null; readonly spans: Spans; readonly area: number; readonly score: number; readonly assistant: string | null; readonly box: readonly [number, number, number, number] }

export class Session {
  readonly objects: ObjectStore;
  readonly proposals = signal<readonly Proposal[]>([]);
  readonly canUndo = signal(false);
  readonly canRedo = signal(false);
  revision: number;
  /** What the last step took. */
  lastSpent: Spent = { seconds: 0, clicks: 0 };
  private done: Applied[][] = [];
  private undone: Applied[][] = [];
  private serverCanUndo: boolean;
  private serverCanRedo: boolean;
  private mustReload = false;

  constructor(readonly info: ImageInfo, private readonly outbox: Outbox, private readonly spent: () => Spent) {
    const [height, width] = info.size_hw as [number, number];
    this.objects = new ObjectStore(width, height);
    this.revision = info.revision;
    this.serverCanUndo = info.can_undo;
    this.serverCanRedo = info.can_redo;
  }

  /** Objects and proposals as the server has them, with what it has not got yet on top. */
  async load(): Promise<void> {
    const [{ revision, objects }, { proposals }] = await Promise.all([api.objects(this.info.id), api.proposals(this.info.id)]);
    this.revision = revision;
    this.objects.load(objects);
    this.done = [];
    this.undone = [];
    this.mustReload = false;
    const { width } = this.objects;
    const waiting = this.outbox.of(this.info.id);
    const all = proposals.map((one) => ({ ...one, spans: fromWire(one, width) }));
    for (const entry of waiting) this.replay(entry, all);
    this.proposals.value = this.undecided(all);
    this.showSteps();
  }

  /** Do something to objects. Throws, in words for the person, where it cannot be done. */
  commit(changes: readonly Wanted[], how: How): Applied[] {
    const applied = this.objects.apply(changes, how.tool, how.assistant ?? null);
    this.remember(applied);
    const body = { tool: how.tool, assistant: how.assistant ?? null, exclusive: how.exclusive ?? false, ...this.take(), changes: changes.map(wireOf) };
    this.outbox.add(this.info.id, "edits", this.revision, body);
    return applied;
  }

  /** Make objects of proposals, and put others aside. Ids of the new objects. */
  decide(accept: readonly Proposal[], reject: readonly Proposal[], classId: number | null): string[] {
    const gone = new Set([...accept, ...reject].map((one) => one.id));
    const made = accept.map((one) => `proposal-${one.id}`);
    if (accept.length > 0) this.remember(this.objects.apply(accept.map((one) => acceptedAs(one, classId)), "proposal", null));
    this.proposals.value = this.proposals.value.filter((one) => !gone.has(one.id));
    const body = { accept: accept.map((one) => one.id), reject: reject.map((one) => one.id), class_id: classId, ...this.take() };
    this.outbox.add(this.info.id, "proposals/decide", this.revision, body);
    return made;
  }

  undo(): readonly Applied[] {
    return this.step("undo", this.done, this.undone, this.canUndo.value);
  }

  redo(): readonly Applied[] {
    return this.step("redo", this.undone, this.done, this.canRedo.value);
  }

  /** The server has an edit of this page. */
  acknowledged(entry: Entry, outcome: Outcome): void {
    this.revision = outcome.revision;
    if (this.outbox.of(this.info.id).length === 0) {
      this.serverCanUndo = outcome.can_undo;
      this.serverCanRedo = outcome.can_redo;
    }
    if (outcome.since.length > 0) this.takeOthers(outcome.since);
    if (entry.isBlind) {
      this.objects.take(outcome.changes);
      if (this.outbox.of(this.info.id).length > 0) this.mustReload = true;
    } else this.objects.settlePlaces(outcome.changes);
    // Proposals whose acceptance was undone are open again, and decided when it is done again.
    const isStep = entry.step === "undo" || entry.step === "redo";
    if (isStep && outcome.changes.some((one) => (one.before ?? one.after)?.proposal != null)) void this.loadProposals().catch(() => {});
    if (this.mustReload && this.outbox.of(this.info.id).length === 0) void this.load().catch(() => {});
    this.showSteps();
  }

  /** Look whether others have edited, while this page has nothing on its way. */
  async lookForOthers(): Promise<boolean> {
    if (this.outbox.of(this.info.id).length > 0) return false;
    const { revision, edits, can_undo, can_redo } = await api.changes(this.info.id, this.revision);
    if (this.outbox.of(this.info.id).length > 0 || revision <= this.revision) return false;
    this.revision = revision;
    this.serverCanUndo = can_undo;
    this.serverCanRedo = can_redo;
    this.takeOthers(edits);
    this.showSteps();
    return true;
  }

  /** What is open of the proposals, anew. */
  async loadProposals(): Promise<void> {
    const { proposals } = await api.proposals(this.info.id);
    this.proposals.value = this.undecided(proposals.map((one) => ({ ...one, spans: fromWire(one, this.objects.width) })));
  }

  /** Proposals on which nothing is decided, be it on its way to the server. */
  private undecided(all: readonly Proposal[]): Proposal[] {
    const waiting = this.outbox.of(this.info.id).flatMap((entry) => [...((entry.body.accept as number[]) ?? []), ...((entry.body.reject as number[]) ?? [])]);
    const decided = new Set(waiting);
    return all.filter((one) => !decided.has(one.id));
  }

  private take(): Spent {
    this.lastSpent = this.spent();
    return this.lastSpent;
  }

  private takeOthers(edits: readonly WireEdit[]): void {
    for (const edit of edits) this.objects.take(edit.changes);
    // The history is one line for all pages: what comes next is no longer what this page did last.
    this.done = [];
    this.undone = [];
  }

  private remember(applied: Applied[]): void {
    this.done.push(applied);
    if (this.done.length > MOST_REMEMBERED) this.done.shift();
    this.undone = [];
    this.serverCanRedo = false;
    this.showSteps();
  }

  private step(step: "undo" | "redo", from: Applied[][], to: Applied[][], isPossible: boolean): readonly Applied[] {
    if (!isPossible) return [];
    const applied = from.pop();
    if (applied !== undefined) {
      this.objects.put(applied, step === "undo");
      to.push(applied);
    }
    this.outbox.add(this.info.id, step, this.revision, { ...this.take() }, applied === undefined);
    if (step === "undo") this.serverCanRedo = true;
    this.showSteps();
    return applied ?? [];
  }

  private replay(entry: Entry, proposals: readonly Proposal[]): void {
    try {
      if (entry.step === "edits") {
        const changes = (entry.body.changes as WireWanted[]).map((change) => wantedOf(change, this.objects.width));
        this.done.push(this.objects.apply(changes, String(entry.body.tool), (entry.body.assistant as string | null) ?? null));
      } else if (entry.step === "proposals/decide") {
        const accepted = proposals.filter((one) => (entry.body.accept as number[]).includes(one.id));
        const classId = entry.body.class_id as number | null;
        this.done.push(this.objects.apply(accepted.map((one) => acceptedAs(one, classId)), "proposal", null));
      } else {
        const [from, to] = entry.step === "undo" ? [this.done, this.undone] : [this.undone, this.done];
        const applied = from.pop();
        if (applied === undefined) this.mustReload = true;
        else {
          this.objects.put(applied, entry.step === "undo");
          to.push(applied);
        }
      }
    } catch {
      this.mustReload = true; // the server will say what is wrong with it
    }
  }

  private showSteps(): void {
    this.canUndo.value = this.done.length > 0 || this.serverCanUndo;
    this.canRedo.value = this.undone.length > 0 || this.serverCanRedo;
  }
}

interface WireWanted { object: string; set?: Wanted["set"]; add?: WireMask; remove?: WireMask; mask?: WireMask; delete?: boolean }

function wireOf(change: Wanted): WireWanted {
  const { object, set, add, remove, mask } = change;
  return {
    object,
    ...(set === undefined ? {} : { set }),
    ...(add === undefined || add.ends.length === 0 ? {} : { add: toWire(add) }),
    ...(remove === undefined || remove.ends.length === 0 ? {} : { remove: toWire(remove) }),
    ...(mask === undefined ? {} : { mask: toWire(mask) }),
    ...(change.delete ? { delete: true } : {}),
  };
}

function wantedOf(change: WireWanted, width: number): Wanted {
  const spans = (mask: WireMask | undefined) => (mask === undefined ? undefined : fromWire(mask, width));
  return { object: change.object, set: change.set, add: spans(change.add), remove: spans(change.remove), mask: spans(change.mask), delete: change.delete };
}

function acceptedAs(one: Proposal, classId: number | null): Wanted {
  return { object: `proposal-${one.id}`, set: { class_id: one.class_id ?? classId }, mask: one.spans };
}

/** A new object's id. */
export function newId(): string {
  return crypto.randomUUID();
}

export type { Applied, Item, WireChange };
export { itemOf };

/** The objects of the open image, found by id and by place; each is replaced when it changes, never altered. */

import { signal } from "@preact/signals";
import type { Attributes, WireChange, WireObject } from "../data/protocol.ts";
import { type Box, grown, joined, meets } from "../view/coordinates.ts";
import { fromWire } from "./runs.ts";
import { areaOf, boxOf, holds, isNone, minus, none, type Spans, union } from "./spans.ts";

export interface Item extends Attributes { readonly id: string; readonly spans: Spans; readonly box: Box; readonly area: number }

/** A change as a person asks for it. */
export interface Wanted {
  readonly object: string;
  readonly set?: Partial<Pick<Attributes, "class_id" | "locked" | "layer" | "crowd" | "score">>;
  readonly add?: Spans; readonly remove?: Spans; readonly mask?: Spans; readonly delete?: boolean;
}

export interface Applied { readonly object: string; readonly before: Item | null; readonly after: Item | null }

const CELL = 256;

export function itemOf(id: string, attributes: Attributes, spans: Spans): Item {
  const { class_id, place, locked, layer, crowd, score, tool, assistant, proposal } = attributes;
  return { id, class_id, place, locked, layer, crowd, score, tool, assistant, proposal, spans, box: boxOf(spans), area: areaOf(spans) };
}

const inOrder = (a: Item, b: Item) => a.layer - b.layer || a.place - b.place || (a.id < b.id ? -1 : 1);

export class ObjectStore {
  /** Goes up with every change. */
  readonly version = signal(0);
  private items = new Map<string, Item>();
  private cells = new Map<number, Set<string>>();
  private sorted: readonly Item[] | null = null;
  private lastPlace = -1;
  /** Called with what must be drawn anew. */
  onChange: (box: Box) => void = () => {};

  constructor(readonly width: number, readonly height: number) {}

  get size(): number {
    return this.items.size;
  }

  get(id: string): Item | undefined {
    return this.items.get(id);
  }

  /** Every object, the lowest first. */
  all(): readonly Item[] {
    if (this.sorted === null) this.sorted = [...this.items.values()].sort(inOrder);
    return this.sorted;
  }

  /** What meets a box, the lowest first. */
  inBox(box: Box): Item[] {
    const found = new Map<string, Item>();
    for (const cell of this.cellsOf(box)) {
      for (const id of this.cells.get(cell) ?? []) {
        const item = this.items.get(id);
        if (item !== undefined && meets(item.box, box)) found.set(id, item);
      }
    }
    return [...found.values()].sort(inOrder);
  }

  /** What lies at a pixel, the topmost first. */
  at(x: number, y: number): Item[] {
    return this.inBox([x, y, x + 1, y + 1]).filter((item) => holds(item.spans, x, y)).reverse();
  }

  load(objects: readonly WireObject[]): void {
    this.items.clear();
    this.cells.clear();
    this.lastPlace = -1;
    for (const object of objects) this.index(itemOf(object.id, object, fromWire(object, this.width)));
    this.version.value++;
    this.onChange([0, 0, this.width, this.height]);
  }

  /** Carry out changes; what came of them. A change that the server would refuse throws, and nothing is done. */
  apply(changes: readonly Wanted[], tool: string, assistant: string | null): Applied[] {
    const applied: Applied[] = [];
    let place = this.lastPlace;
    for (const change of changes) {
      const before = this.items.get(change.object) ?? null;
      const unlocks = change.set?.locked === false && change.add === undefined && change.remove === undefined && change.mask === undefined;
      if (before?.locked && !unlocks) throw new Error("This object is locked. Unlock it first (L).");
      applied.push({ object: change.object, before, after: this.after(change, before, () => ++place, tool, assistant) });
    }
    this.put(applied);
    return applied;
  }

  /** Bring objects into the state after changes, or before them. */
  put(applied: readonly Applied[], back = false): void {
    let dirty: Box | null = null;
    for (const { object, before, after } of back ? [...applied].reverse() : applied) {
      const now = back ? before : after;
      const there = this.items.get(object);
      if (there !== undefined) this.unindex(there);
      if (now !== null) this.index(now);
      dirty = joined(joined(dirty, before?.box ?? null), after?.box ?? null);
    }
    this.changed(dirty);
  }

  /** What others did, or what the server made of an undo. */
  take(changes: readonly WireChange[]): void {
    let dirty: Box | null = null;
    for (const change of changes) {
      const old = this.items.get(change.object);
      if (old !== undefined) this.unindex(old);
      dirty = joined(dirty, old?.box ?? null);
      if (change.after === null) continue;
      let spans = old?.spans ?? none(this.width);
      if (change.removed !== null) spans = minus(spans, fromWire(change.removed, this.width));
      if (change.added !== null) spans = union(spans, fromWire(change.added, this.width));
      if (isNone(spans)) continue;
      const item = itemOf(change.object, change.after, spans);
      this.index(item);
      dirty = joined(dirty, item.box);
    }
    this.changed(dirty);
  }

  /** The order in which the server put new objects. */
  settlePlaces(changes: readonly WireChange[]): void {
    for (const { object, before, after } of changes) {
      const item = this.items.get(object);
      if (before === null && after !== null && item !== undefined && item.place !== after.place) {
        this.sorted = null;
        this.items.set(object, { ...item, place: after.place });
        this.lastPlace = Math.max(this.lastPlace, after.place);
      }
    }
  }

  private changed(dirty: Box | null): void {
    this.version.value++;
    if (dirty !== null) this.onChange(grown(dirty, 1));
  }

  private after(change: Wanted, before: Item | null, place: () => number, tool: string, assistant: string | null): Item | null {
    if (change.delete) return null;
    let spans = change.mask ?? before?.spans ?? none(this.width);
    if (change.remove !== undefined) spans = minus(spans, change.remove);
    if (change.add !== undefined) spans = union(spans, change.add);
    if (isNone(spans)) {
      if (before === null) throw new Error("Nothing was marked.");
      return null;
    }
    const fresh = { class_id: null, locked: false, layer: 0, crowd: false, score: 1, tool, assistant, proposal: null };
    const old = before ?? { ...fresh, place: place() };
    return spans === before?.spans ? { ...before, ...change.set } : itemOf(change.object, { ...old, ...change.set }, spans);
  }

  private cellsOf(box: Box): number[] {
    const columns = Math.ceil(this.width / CELL) + 1;
    const cells: number[] = [];
    const x0 = Math.max(0, Math.floor(box[0] / CELL)), x1 = Math.min(columns - 1, Math.floor((box[2] - 1) / CELL));
    const y0 = Math.max(0, Math.floor(box[1] / CELL)), y1 = Math.min(Math.ceil(this.height / CELL), Math.floor((box[3] - 1) / CELL));
    for (let y = y0; y <= y1; y++) for (let x = x0; x <= x1; x++) cells.push(y * columns + x);
    return cells;
  }

  private index(item: Item): void {
    this.sorted = null;
    this.items.set(item.id, item);
    this.lastPlace = Math.max(this.lastPlace, item.place);
    for (const cell of this.cellsOf(item.box)) {
      const there = this.cells.get(cell);
      if (there === undefined) this.cells.set(cell, new Set([item.id]));
      else there.add(item.id);
    }
  }

  private unindex(item: Item): void {
    this.sorted = null;
    this.items.delete(item.id);
    for (const cell of this.cellsOf(item.box)) this.cells.get(cell)?.delete(item.id);
  }
}

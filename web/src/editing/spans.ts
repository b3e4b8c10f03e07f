/** A mask as spans of an image's pixels in reading order: what is done to it costs what its spans cost, not its pixels. */

import type { Box } from "../view/coordinates.ts";

/** `ends` holds start, end, start, end ... of places y * width + x. A span never leaves its row, and two of a row never touch. */
export interface Spans { readonly width: number; readonly ends: Uint32Array }

export function none(width: number): Spans {
  return { width, ends: new Uint32Array(0) };
}

/** Collects spans in reading order; those that touch in a row become one. */
export class SpansBuilder {
  private ends = new Uint32Array(64);
  private length = 0;
  constructor(private readonly width: number) {}

  add(start: number, end: number): void {
    if (end <= start) return;
    if (this.length > 0) {
      const last = this.ends[this.length - 1];
      if (start < last || (start === last && start % this.width !== 0)) {
        if (end > last) this.ends[this.length - 1] = end;
        return;
      }
    }
    if (this.length + 2 > this.ends.length) {
      const larger = new Uint32Array(2 * this.ends.length);
      larger.set(this.ends);
      this.ends = larger;
    }
    this.ends[this.length++] = start;
    this.ends[this.length++] = end;
  }

  /** A run of any length from a place, cut where rows end. */
  addRun(start: number, end: number): void {
    while (start < end) {
      const rowEnd = (Math.floor(start / this.width) + 1) * this.width;
      this.add(start, Math.min(end, rowEnd));
      start = rowEnd;
    }
  }

  made(): Spans {
    return { width: this.width, ends: this.ends.slice(0, this.length) };
  }
}

/** Every row of a box. */
export function ofBox(box: Box, width: number): Spans {
  const builder = new SpansBuilder(width);
  for (let y = box[1]; y < box[3]; y++) builder.add(y * width + box[0], y * width + box[2]);
  return builder.made();
}

type Keeps = (inA: boolean, inB: boolean) => boolean;

function combined(a: Spans, b: Spans, keeps: Keeps): Spans {
  if (a.width !== b.width) throw new Error(`Masks of images that are ${a.width} and ${b.width} pixels wide cannot be combined.`);
  const builder = new SpansBuilder(a.width);
  let i = 0, j = 0, from = 0, kept = false;
  while (i < a.ends.length || j < b.ends.length) {
    const nextA = i < a.ends.length ? a.ends[i] : Infinity;
    const nextB = j < b.ends.length ? b.ends[j] : Infinity;
    const place = Math.min(nextA, nextB);
    if (kept) builder.add(from, place);
    while (i < a.ends.length && a.ends[i] === place) i++;
    while (j < b.ends.length && b.ends[j] === place) j++;
    kept = keeps(i % 2 === 1, j % 2 === 1);
    from = place;
  }
  return builder.made();
}

export function union(a: Spans, b: Spans): Spans {
  if (b.ends.length === 0) return a;
  if (a.ends.length === 0) return b;
  return combined(a, b, (inA, inB) => inA || inB);
}

export function minus(a: Spans, b: Spans): Spans {
  if (a.ends.length === 0 || b.ends.length === 0) return a;
  return combined(a, b, (inA, inB) => inA && !inB);
}

export function common(a: Spans, b: Spans): Spans {
  return combined(a, b, (inA, inB) => inA && inB);
}

export function isNone(spans: Spans): boolean {
  return spans.ends.length === 0;
}

export function areaOf(spans: Spans): number {
  let area = 0;
  for (let i = 0; i < spans.ends.length; i += 2) area += spans.ends[i + 1] - spans.ends[i];
  return area;
}

/** The smallest box around the pixels; an empty one where there are none. */
export function boxOf(spans: Spans): Box {
  const { ends, width } = spans;
  if (ends.length === 0) return [0, 0, 0, 0];
  let x0 = width, x1 = 0;
  for (let i = 0; i < ends.length; i += 2) {
    const x = ends[i] % width;
    if (x < x0) x0 = x;
    const end = x + ends[i + 1] - ends[i];
    if (end > x1) x1 = end;
  }
  return [x0, Math.floor(ends[0] / width), x1, Math.floor(ends[ends.length - 2] / width) + 1];
}

/** The number of the first span that starts at a place or after it, times two. */
export function firstFrom(spans: Spans, place: number): number {
  let low = 0, high = spans.ends.length / 2;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spans.ends[2 * middle] < place) low = middle + 1;
    else high = middle;
  }
  return 2 * low;
}

export function holds(spans: Spans, x: number, y: number): boolean {
  if (x < 0 || y < 0 || x >= spans.width) return false;
  const place = y * spans.width + x;
  const after = firstFrom(spans, place + 1);
  return after > 0 && spans.ends[after - 1] > place;
}

/** The pixels of a box, row by row, 1 where set. */
export function bitsIn(spans: Spans, box: Box): Uint8Array {
  const [x0, y0, x1, y1] = box;
  const columns = x1 - x0;
  const bits = new Uint8Array(columns * (y1 - y0));
  const { ends, width } = spans;
  for (let i = firstFrom(spans, Math.max(0, y0) * width); i < ends.length; i += 2) {
    const y = Math.floor(ends[i] / width);
    if (y >= y1) break;
    const a = Math.max(x0, ends[i] - y * width), b = Math.min(x1, ends[i + 1] - y * width);
    if (a < b) bits.fill(1, (y - y0) * columns + a - x0, (y - y0) * columns + b - x0);
  }
  return bits;
}

/** The mask of a box's pixels; what lies left, right or above of the image is cut off. */
export function ofBits(bits: Uint8Array, box: Box, width: number): Spans {
  const [x0, y0, x1, y1] = box;
  const columns = x1 - x0;
  const builder = new SpansBuilder(width);
  for (let y = Math.max(0, y0); y < y1; y++) {
    const row = (y - y0) * columns;
    for (let x = Math.max(0, x0); x < Math.min(x1, width); x++) {
      if (bits[row + x - x0] === 0) continue;
      const start = x;
      while (x < x1 && x < width && bits[row + x - x0] !== 0) x++;
      builder.add(y * width + start, y * width + x);
    }
  }
  return builder.made();
}

/** The same pixels on an image of another size; what lies outside is cut off. */
export function onImage(spans: Spans, width: number, height: number): Spans {
  const builder = new SpansBuilder(width);
  for (let i = 0; i < spans.ends.length; i += 2) {
    const y = Math.floor(spans.ends[i] / spans.width);
    if (y >= height) break;
    const x = spans.ends[i] - y * spans.width;
    if (x < width) builder.add(y * width + x, y * width + Math.min(width, x + spans.ends[i + 1] - spans.ends[i]));
  }
  return builder.made();
}

export function areEqual(a: Spans, b: Spans): boolean {
  return a.width === b.width && a.ends.length === b.ends.length && a.ends.every((end, i) => end === b.ends[i]);
}

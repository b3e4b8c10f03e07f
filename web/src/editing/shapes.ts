/** What changes the shape of a mask: holes, small pieces, smoothing, growing, cutting. Each works on the mask's box alone. */

import { type Box, grown } from "../view/coordinates.ts";
import { areaOf, bitsIn, boxOf, isNone, minus, ofBits, type Spans, union } from "./spans.ts";

export const MOST_PIXELS = 64e6; // of a box that is worked on pixel by pixel

/** Throws, in words for the person, where a mask's box is too large to be worked on. */
function checkedBox(spans: Spans, rim: number): Box {
  const box = grown(boxOf(spans), rim);
  if ((box[2] - box[0]) * (box[3] - box[1]) > MOST_PIXELS) throw new Error("This object is too large for that. Split it first.");
  return box;
}

function withBits(spans: Spans, rim: number, change: (bits: Uint8Array, columns: number, rows: number) => Uint8Array, height: number): Spans {
  if (isNone(spans)) return spans;
  const box = checkedBox(spans, rim);
  const changed = ofBits(change(bitsIn(spans, box), box[2] - box[0], box[3] - box[1]), box, spans.width);
  const limit = height * spans.width;
  let length = changed.ends.length;
  while (length > 0 && changed.ends[length - 2] >= limit) length -= 2;
  return { width: spans.width, ends: changed.ends.slice(0, length) };
}

/** The number of each pixel's piece, from 1, 0 where not set; and how many there are. Pixels of a piece share an edge. */
export function pieces(bits: Uint8Array, columns: number): { numbers: Int32Array; count: number } {
  const numbers = new Int32Array(bits.length);
  const waiting: number[] = [];
  let count = 0;
  for (let start = 0; start < bits.length; start++) {
    if (bits[start] === 0 || numbers[start] !== 0) continue;
    numbers[start] = ++count;
    waiting.push(start);
    while (waiting.length > 0) {
      const place = waiting.pop() as number;
      const x = place % columns;
      const visit = (next: number) => {
        if (bits[next] !== 0 && numbers[next] === 0) {
          numbers[next] = count;
          waiting.push(next);
        }
      };
      if (x > 0) visit(place - 1);
      if (x + 1 < columns) visit(place + 1);
      if (place >= columns) visit(place - columns);
      if (place + columns < bits.length) visit(place + columns);
    }
  }
  return { numbers, count };
}

/** The mask with its holes filled: pixels from which no way leads out, over edges. */
export function filled(spans: Spans, height: number): Spans {
  return withBits(spans, 1, (bits, columns) => {
    const { numbers } = pieces(bits.map((bit) => 1 - bit), columns);
    return bits.map((bit, i) => (bit === 1 || numbers[i] !== 1 ? 1 : 0)); // piece 1 holds the corner, which lies outside
  }, height);
}

/** The mask less its holes' opposite: only its largest piece. */
export function largestPiece(spans: Spans, height: number): Spans {
  return withBits(spans, 0, (bits, columns) => {
    const { numbers, count } = pieces(bits, columns);
    const sizes = new Array<number>(count + 1).fill(0);
    for (const number of numbers) if (number > 0) sizes[number]++;
    const largest = sizes.indexOf(Math.max(...sizes));
    return bits.map((_, i) => (numbers[i] === largest ? 1 : 0));
  }, height);
}

/** Each piece as a mask of its own, largest first. */
export function separated(spans: Spans): Spans[] {
  if (isNone(spans)) return [];
  const box = checkedBox(spans, 0);
  const columns = box[2] - box[0];
  const { numbers, count } = pieces(bitsIn(spans, box), columns);
  const parts: Spans[] = [];
  for (let number = 1; number <= count; number++) {
    parts.push(ofBits(Uint8Array.from(numbers, (one) => (one === number ? 1 : 0)), box, spans.width));
  }
  return parts.sort((a, b) => areaOf(b) - areaOf(a));
}

/** How many of the nine pixels around each are set, itself included. */
function counted(bits: Uint8Array, columns: number, rows: number): Uint8Array {
  const across = new Uint8Array(bits.length), counts = new Uint8Array(bits.length);
  for (let y = 0; y < rows; y++) {
    for (let x = 0, i = y * columns; x < columns; x++, i++) {
      across[i] = bits[i] + (x > 0 ? bits[i - 1] : 0) + (x + 1 < columns ? bits[i + 1] : 0);
    }
  }
  for (let i = 0; i < bits.length; i++) {
    counts[i] = across[i] + (i >= columns ? across[i - columns] : 0) + (i + columns < bits.length ? across[i + columns] : 0);
  }
  return counts;
}

/** The mask with a smoother outline: twice, each pixel becomes what most of the nine around it are. */
export function smoothed(spans: Spans, height: number): Spans {
  const majority = (bits: Uint8Array, columns: number, rows: number) => counted(bits, columns, rows).map((n) => (n >= 5 ? 1 : 0));
  return withBits(spans, 1, (bits, columns, rows) => majority(majority(bits, columns, rows), columns, rows), height);
}

/** The mask larger by one pixel in every direction. */
export function larger(spans: Spans, height: number): Spans {
  return withBits(spans, 1, (bits, columns, rows) => counted(bits, columns, rows).map((n) => (n > 0 ? 1 : 0)), height);
}

/** The mask smaller by one pixel in every direction. */
export function smaller(spans: Spans, height: number): Spans {
  return withBits(spans, 1, (bits, columns, rows) => counted(bits, columns, rows).map((n) => (n === 9 ? 1 : 0)), height);
}

/** A mask cut in two along a line: the larger part, with every piece that the line does not touch, and the smaller ones. Null where it cuts nothing. */
export function cut(spans: Spans, line: Spans): Spans[] | null {
  const parts = separated(minus(spans, line));
  const box = checkedBox(spans, 1);
  const columns = box[2] - box[0];
  const near = counted(bitsIn(line, box), columns, box[3] - box[1]);
  const touching = parts.filter((part) => bitsIn(part, box).some((bit, i) => bit === 1 && near[i] > 0));
  if (touching.length < 2) return null;
  const small = touching.slice(1);
  return [small.reduce((rest, part) => minus(rest, part), spans), ...small];
}

export function merged(masks: readonly Spans[]): Spans {
  return masks.reduce(union);
}

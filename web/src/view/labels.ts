/** Objects drawn at the resolution of the screen: fill, an outline of one device pixel, and marks that do not need colour. */

import { firstFrom, type Spans } from "../editing/spans.ts";
import { type Box, isEmpty, type View } from "./coordinates.ts";

/** selected: a white outline with a black one around it. locked: stripes. ignored: a chessboard. dashed: what nobody has accepted yet. */
export type Mark = "plain" | "selected" | "locked" | "ignored" | "dashed" | "current";

export interface Painted {
  readonly spans: Spans; readonly box: Box; readonly color: readonly [number, number, number];
  readonly opacity: number; readonly mark: Mark;
}

const WHITE = 0xffffffff, BLACK = 0xff000000;
const RIM = 2; // pixels around a rectangle that decide about outlines in it

function packed([red, green, blue]: readonly [number, number, number], alpha: number): number {
  return ((Math.round(alpha * 255) << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

let scratch = new Uint8Array(0);

/** Where a place of the image begins on the screen. */
const onScreen = (place: number, scale: number, offset: number) => Math.round(place * scale + offset);

/** Paint objects, the lowest first, over a rectangle of the screen whose pixels are all clear. */
export function paintLabels(pixels: Uint32Array, rect: Box, view: View, items: readonly Painted[]): void {
  for (const item of items) paintOne(pixels, rect, view, item);
}

function paintOne(pixels: Uint32Array, rect: Box, view: View, item: Painted): void {
  const { scale, left, top } = view;
  const box: Box = [
    Math.max(rect[0] - RIM, onScreen(item.box[0], scale, left) - RIM), Math.max(rect[1] - RIM, onScreen(item.box[1], scale, top) - RIM),
    Math.min(rect[2] + RIM, onScreen(item.box[2], scale, left) + RIM + 1), Math.min(rect[3] + RIM, onScreen(item.box[3], scale, top) + RIM + 1),
  ];
  if (isEmpty(box)) return;
  const columns = box[2] - box[0], rows = box[3] - box[1];
  if (scratch.length < columns * rows) scratch = new Uint8Array(columns * rows);
  else scratch.fill(0, 0, columns * rows);
  cover(scratch, box, view, item);
  const line = packed(item.color, 1), fill = item.opacity > 0 ? packed(item.color, item.opacity) : 0;
  const strong = packed(item.color, Math.min(1, item.opacity + 0.35));
  // The outermost pixels of the box are there to be looked at by their neighbours.
  const x0 = Math.max(rect[0], box[0] + 1), x1 = Math.min(rect[2], box[2] - 1), y0 = Math.max(rect[1], box[1] + 1), y1 = Math.min(rect[3], box[3] - 1);
  const stride = rect[2] - rect[0];
  const { mark } = item;
  const bits = scratch;
  for (let y = y0; y < y1; y++) {
    let at = (y - box[1]) * columns + x0 - box[0];
    let out = (y - rect[1]) * stride + x0 - rect[0];
    for (let x = x0; x < x1; x++, at++, out++) {
      if (bits[at] === 0) {
        if (mark !== "selected" && mark !== "current") continue;
        if (bits[at - 1] | bits[at + 1] | bits[at - columns] | bits[at + columns]) pixels[out] = BLACK;
        continue;
      }
      const isEdge = (bits[at - 1] & bits[at + 1] & bits[at - columns] & bits[at + columns]) === 0;
      const along = x - left + y - top;
      if (isEdge) {
        if (mark === "selected") pixels[out] = WHITE;
        else if (mark === "dashed") pixels[out] = (along & 7) < 4 ? WHITE : line;
        else if (mark === "current") pixels[out] = (along & 7) < 4 ? WHITE : BLACK;
        else pixels[out] = line;
      } else if (mark === "locked") pixels[out] = (along & 7) < 2 ? strong : fill;
      else if (mark === "ignored") pixels[out] = (((x - left) >> 2) + ((y - top) >> 2)) & 1 ? strong : fill;
      else if (fill !== 0) pixels[out] = fill;
    }
  }
}

/** Set what an object covers of a box of the screen. Smaller than a pixel it still covers one. */
function cover(bits: Uint8Array, box: Box, view: View, item: Painted): void {
  const { scale, left, top } = view;
  const { ends, width } = item.spans;
  const columns = box[2] - box[0];
  const isFlat = scale < 1 && (item.box[3] - item.box[1]) * scale < 1.5;
  let i = firstFrom(item.spans, Math.max(0, item.box[1], Math.floor((box[1] - top) / scale) - 1) * width);
  while (i < ends.length) {
    const row = Math.floor(ends[i] / width), start = row * width;
    const first = onScreen(row, scale, top);
    if (first >= box[3]) return;
    const y0 = Math.max(first, box[1]);
    const y1 = Math.min(isFlat ? Math.max(first + 1, onScreen(row + 1, scale, top)) : onScreen(row + 1, scale, top), box[3]);
    if (y1 <= y0) {
      // Of the rows that share a line of the screen one is drawn: the last. On to it.
      const next = Math.max(row + 1, Math.ceil((first + 0.5 - top) / scale - 1e-6) - 1);
      i = next === row + 1 ? i : firstFrom(item.spans, next * width);
      while (i < ends.length && ends[i] < (row + 1) * width) i += 2;
      continue;
    }
    for (; i < ends.length && ends[i] < start + width; i += 2) {
      const from = onScreen(ends[i] - start, scale, left);
      const x0 = Math.max(box[0], from), x1 = Math.min(box[2], Math.max(from + 1, onScreen(ends[i + 1] - start, scale, left)));
      for (let line = y0; line < y1; line++) {
        const at = (line - box[1]) * columns - box[0];
        if (x1 - x0 > 24) bits.fill(1, at + x0, at + x1);
        else for (let x = x0; x < x1; x++) bits[at + x] = 1;
      }
    }
  }
}

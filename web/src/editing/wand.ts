/** The magic wand: the pixels around a point that look like it. */

import type { Box } from "../view/coordinates.ts";
import { filled } from "./shapes.ts";
import { ofBits, type Spans } from "./spans.ts";

/** Shown colours of a part of the image: red, green, blue, alpha of each pixel of the box. */
export interface Picture { readonly box: Box; readonly colors: Uint8ClampedArray }

/** The pixels reached from (x, y) over pixels whose colours differ from that at the start by at most `tolerance` (0 to 255), small holes filled. */
export function alike(picture: Picture, x: number, y: number, tolerance: number, width: number, height: number): Spans {
  const [x0, y0, x1, y1] = picture.box;
  const columns = x1 - x0, rows = y1 - y0;
  const { colors } = picture;
  const bits = new Uint8Array(columns * rows);
  const start = (y - y0) * columns + x - x0;
  const at = (place: number, channel: number) => colors[4 * place + channel];
  // The middle of the nine around the start, so that one odd pixel decides nothing.
  const wanted = [0, 1, 2].map((channel) => {
    const around: number[] = [];
    for (const dy of [-1, 0, 1]) {
      for (const dx of [-1, 0, 1]) {
        if (x + dx >= x0 && x + dx < x1 && y + dy >= y0 && y + dy < y1) around.push(at(start + dy * columns + dx, channel));
      }
    }
    return around.sort((a, b) => a - b)[around.length >> 1];
  });
  const isAlike = (place: number) =>
    Math.max(Math.abs(at(place, 0) - wanted[0]), Math.abs(at(place, 1) - wanted[1]), Math.abs(at(place, 2) - wanted[2])) <= tolerance;
  const waiting = [start];
  bits[start] = 1;
  while (waiting.length > 0) {
    const place = waiting.pop() as number;
    const column = place % columns;
    const visit = (next: number) => {
      if (bits[next] === 0 && isAlike(next)) {
        bits[next] = 1;
        waiting.push(next);
      }
    };
    if (column > 0) visit(place - 1);
    if (column + 1 < columns) visit(place + 1);
    if (place >= columns) visit(place - columns);
    if (place + columns < bits.length) visit(place + columns);
  }
  return filled(ofBits(bits, picture.box, width), height);
}

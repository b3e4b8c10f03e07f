/** Masks as runs within their box, as the protocol sends them: COCO's packing of the box's pixels, row by row. */

import { boxOf, SpansBuilder, type Spans } from "./spans.ts";

export interface WireMask { box: [number, number, number, number]; runs: string | number[] }

/** The lengths of runs as text. */
export function toText(counts: readonly number[]): string {
  let text = "";
  for (let i = 0; i < counts.length; i++) {
    let rest = i > 2 ? counts[i] - counts[i - 2] : counts[i];
    let more = true;
    while (more) {
      let digit = rest & 31;
      rest >>= 5;
      more = (digit & 16) !== 0 ? rest !== -1 : rest !== 0;
      if (more) digit |= 32;
      text += String.fromCharCode(digit + 48);
    }
  }
  return text;
}

/** The lengths of runs from text. Throws where it is damaged. */
export function fromText(text: string): number[] {
  const counts: number[] = [];
  let place = 0;
  while (place < text.length) {
    let value = 0, shift = 0, more = true;
    while (more) {
      const digit = text.charCodeAt(place++) - 48;
      if (!(digit >= 0 && digit < 64)) throw new Error("The runs of a mask are damaged: a letter that none can have.");
      value |= (digit & 31) << shift;
      shift += 5;
      more = (digit & 32) !== 0;
      if (!more && (digit & 16) !== 0) value |= shift < 32 ? -1 << shift : 0;
    }
    counts.push(counts.length > 2 ? value + counts[counts.length - 2] : value);
  }
  return counts;
}

/** The runs of a mask within its box; the first is of pixels that are not set. */
export function countsOf(spans: Spans): number[] {
  const [x0, y0, x1, y1] = boxOf(spans);
  const columns = x1 - x0;
  const counts: number[] = [];
  let done = 0;
  for (let i = 0; i < spans.ends.length; i += 2) {
    const y = Math.floor(spans.ends[i] / spans.width);
    const start = (y - y0) * columns + (spans.ends[i] - y * spans.width) - x0;
    const length = spans.ends[i + 1] - spans.ends[i];
    if (start === done && counts.length > 0) counts[counts.length - 1] += length;
    else counts.push(start - done, length);
    done = start + length;
  }
  if (done < columns * (y1 - y0)) counts.push(columns * (y1 - y0) - done);
  return counts;
}

export function toWire(spans: Spans): WireMask {
  return { box: [...boxOf(spans)], runs: toText(countsOf(spans)) };
}

/** The spans of a mask on an image that is `width` pixels wide. Throws where the runs do not fill the box. */
export function fromWire(mask: WireMask, width: number): Spans {
  const [x0, y0, x1, y1] = mask.box;
  const columns = x1 - x0;
  const counts = typeof mask.runs === "string" ? fromText(mask.runs) : mask.runs;
  const builder = new SpansBuilder(width);
  let place = 0;
  for (let i = 0; i < counts.length; i++) {
    if (counts[i] < 0) throw new Error("The runs of a mask are damaged: one has less than no pixel.");
    const end = place + counts[i];
    if (i % 2 === 1) {
      for (let at = place; at < end;) {
        const row = Math.floor(at / columns), rowEnd = Math.min(end, (row + 1) * columns);
        const first = (y0 + row) * width + x0 - row * columns;
        builder.add(first + at, first + rowEnd);
        at = rowEnd;
      }
    }
    place = end;
  }
  if (place !== columns * (y1 - y0)) throw new Error(`The runs of a mask hold ${place} pixels, but its box ${columns * (y1 - y0)}.`);
  return builder.made();
}

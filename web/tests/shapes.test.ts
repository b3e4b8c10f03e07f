import assert from "node:assert/strict";
import { test } from "node:test";
import { cut, filled, larger, largestPiece, separated, smaller, smoothed } from "../src/editing/shapes.ts";
import { areaOf, areEqual, bitsIn, ofBits, type Spans } from "../src/editing/spans.ts";
import { polygon, stroke } from "../src/editing/strokes.ts";
import { alike } from "../src/editing/wand.ts";

const at = (ix: number, iy: number) => ({ ix, iy });

function drawn(...rows: string[]): Spans {
  const width = rows[0].length;
  return ofBits(Uint8Array.from(rows.join(""), (letter) => (letter === "#" ? 1 : 0)), [0, 0, width, rows.length], width);
}

function shown(spans: Spans, height: number): string[] {
  const bits = bitsIn(spans, [0, 0, spans.width, height]);
  return Array.from({ length: height }, (_, y) => Array.from(bits.slice(y * spans.width, (y + 1) * spans.width), (bit) => ".#"[bit]).join(""));
}

test("a brush of one pixel paints the pixel under it, one of two pixels four", () => {
  assert.deepEqual(shown(stroke(at(1.9, 1.1), at(1.9, 1.1), 1, 4, 3), 3), ["....", ".#..", "...."]);
  assert.deepEqual(shown(stroke(at(1.9, 1.1), at(1.9, 1.1), 2, 4, 3), 3), [".##.", ".##.", "...."]);
  assert.deepEqual(shown(stroke(at(2.5, 1.5), at(2.5, 1.5), 3, 5, 3), 3), [".###.", ".###.", ".###."]);
});

test("a line of one pixel has no gap in any direction", () => {
  for (let angle = 0; angle < 360; angle += 7) {
    const end = at(20 + 15 * Math.cos((angle * Math.PI) / 180), 20 + 15 * Math.sin((angle * Math.PI) / 180));
    const line = larger(stroke(at(20.5, 20.5), end, 1, 41, 41), 41);
    assert.equal(separated(line).length, 1, `at ${angle} degrees`);
  }
});

test("a stroke is cut off at the image's rim", () => {
  assert.equal(areaOf(stroke(at(-5, -5), at(20, 20), 30, 4, 4)), 16);
  assert.equal(areaOf(stroke(at(-50, -50), at(-50, 2), 3, 4, 4)), 0);
});

test("a polygon holds the pixels whose centres are in it", () => {
  assert.deepEqual(shown(polygon([at(1, 1), at(4, 1), at(4, 3), at(1, 3)], 5, 4), 4), [".....", ".###.", ".###.", "....."]);
  assert.equal(areaOf(polygon([at(0, 0), at(1, 1)], 5, 4)), 0);
});

test("holes are filled, bays are not", () => {
  assert.deepEqual(shown(filled(drawn("####", "#..#", "####", "#.#."), 4), 4), ["####", "####", "####", "#.#."]);
});

test("the largest piece stays", () => {
  assert.deepEqual(shown(largestPiece(drawn("##..", "##.#"), 2), 2), ["##..", "##.."]);
});

test("larger and smaller by one pixel, and back", () => {
  const square = drawn(".....", ".###.", ".###.", ".###.", ".....");
  assert.equal(areaOf(larger(square, 5)), 25);
  assert.equal(areaOf(smaller(square, 5)), 1);
  assert.ok(areEqual(smaller(larger(drawn(".......", ".......", "..###..", "..###..", "..###..", ".......", "......."), 7), 7), drawn(".......", ".......", "..###..", "..###..", "..###..", ".......", ".......")));
});

test("smoothing takes a spike and fills a notch", () => {
  const rough = drawn(".........", "....#....", ".#######.", ".#######.", ".###.###.", ".#######.", ".#######.", ".........");
  const rows = shown(smoothed(rough, 8), 8);
  assert.equal(rows[1], ".........");
  assert.equal(rows[4][4], "#");
});

test("a cut makes two, a cut beside it none", () => {
  const bar = drawn("########", "########");
  const parts = cut(bar, stroke(at(2.5, 0), at(2.5, 2), 1, 8, 2)) as Spans[];
  assert.deepEqual(parts.map((part) => areaOf(part)), [12, 4]);
  assert.equal(cut(bar, stroke(at(0, 0), at(0, 0), 1, 8, 2)), null);
});

test("a cut leaves pieces that it does not touch with the larger part", () => {
  const mask = drawn("#####....#");
  const parts = cut(mask, stroke(at(1.5, 0), at(1.5, 1), 1, 10, 1)) as Spans[];
  assert.deepEqual(parts.map((part) => areaOf(part)), [5, 1]);
});

test("the wand takes what looks alike and stops at what does not", () => {
  const gray = [10, 12, 11, 200, 11, 10, 13, 11, 210, 12, 12, 11, 10, 205, 11];
  const colors = Uint8ClampedArray.from(gray.flatMap((value) => [value, value, value, 255]));
  assert.equal(areaOf(alike({ box: [0, 0, 5, 3], colors }, 1, 1, 8, 5, 3)), 9);
});

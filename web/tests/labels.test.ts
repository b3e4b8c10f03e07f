import assert from "node:assert/strict";
import { test } from "node:test";
import { boxOf, ofBits, onImage, type Spans } from "../src/editing/spans.ts";
import { type Mark, type Painted, paintLabels } from "../src/view/labels.ts";

const RED = [255, 0, 0] as const;

function item(spans: Spans, mark: Mark = "plain"): Painted {
  return { spans, box: boxOf(spans), color: RED, opacity: 0.5, mark };
}

function square(width: number, x0: number, y0: number, side: number): Spans {
  return onImage(ofBits(new Uint8Array(side * side).fill(1), [x0, y0, x0 + side, y0 + side], width), width, 1000);
}

/** What is painted of a view: `.` nothing, `o` outline, `f` fill, `w` white, `b` black. */
function shown(items: Painted[], columns: number, rows: number, scale: number, left = 0, top = 0, rect: [number, number, number, number] = [0, 0, columns, rows]): string[] {
  const pixels = new Uint32Array((rect[2] - rect[0]) * (rect[3] - rect[1]));
  paintLabels(pixels, rect, { scale, left, top }, items);
  const letters = Array.from(pixels, (pixel) => (pixel === 0 ? "." : pixel === 0xffffffff ? "w" : pixel === 0xff000000 ? "b" : pixel >>> 24 === 255 ? "o" : "f"));
  return Array.from({ length: rect[3] - rect[1] }, (_, y) => letters.slice(y * (rect[2] - rect[0]), (y + 1) * (rect[2] - rect[0])).join(""));
}

test("at 1:1 the outline is the object's own outermost pixels", () => {
  assert.deepEqual(shown([item(square(10, 1, 1, 4))], 6, 6, 1), ["......", ".oooo.", ".offo.", ".offo.", ".oooo.", "......"]);
});

test("at 2:1 the outline stays one pixel of the screen", () => {
  assert.deepEqual(shown([item(square(10, 1, 1, 2))], 8, 8, 2), ["........", "........", "..oooo..", "..offo..", "..offo..", "..oooo..", "........", "........"]);
});

test("what is selected has a white outline with black around it", () => {
  assert.deepEqual(shown([item(square(10, 2, 2, 2), "selected")], 6, 6, 1), ["......", "..bb..", ".bwwb.", ".bwwb.", "..bb..", "......"]);
});

test("an object smaller than a pixel of the screen is still seen", () => {
  assert.equal(shown([item(square(100, 50, 50, 1))], 10, 10, 0.1).join("").replaceAll(".", "").length, 1);
});

test("zoomed out, an object covers the lines that it meets", () => {
  const rows = shown([item(square(100, 0, 0, 40))], 12, 12, 0.25);
  assert.equal(rows.filter((row) => row.startsWith("o")).length, 10);
  assert.equal(rows[5].slice(0, 10), "offffffffo");
});

test("painted in parts it is what it is painted at once", () => {
  for (const scale of [0.37, 1, 2.6]) {
    const items = [item(square(60, 3, 4, 17)), item(square(60, 11, 9, 20), "selected"), item(square(60, 30, 30, 9), "dashed"), item(square(60, 2, 30, 12), "locked")];
    const whole = shown(items, 40, 40, scale, 5, -3);
    for (const rect of [[0, 0, 13, 40], [13, 7, 29, 31], [29, 0, 40, 40], [0, 39, 40, 40]] as [number, number, number, number][]) {
      assert.deepEqual(shown(items, 40, 40, scale, 5, -3, rect), whole.slice(rect[1], rect[3]).map((row) => row.slice(rect[0], rect[2])));
    }
  }
});

test("what lies outside of the view costs nothing and breaks nothing", () => {
  assert.equal(shown([item(square(1000, 900, 900, 50))], 10, 10, 1).join("").replaceAll(".", ""), "");
});

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { countsOf, fromText, fromWire, toText, toWire } from "../src/editing/runs.ts";
import { areaOf, areEqual, bitsIn, boxOf, common, firstFrom, holds, minus, none, ofBits, onImage, union, type Spans } from "../src/editing/spans.ts";

interface Case { name: string; box: [number, number, number, number]; rows: string[]; runs: number[]; text: string }
const cases = JSON.parse(readFileSync(process.env.GOLDEN_RUNS as string, "utf8")) as Case[];

for (const one of cases) {
  test(`Python's golden case: ${one.name}`, () => {
    const bits = Uint8Array.from(one.rows.join(""), (letter) => (letter === "#" ? 1 : 0));
    assert.deepEqual(fromText(one.text), one.runs);
    assert.equal(toText(one.runs), one.text);
    const width = one.box[2] + 5;
    const spans = fromWire({ box: one.box, runs: one.text }, width);
    assert.deepEqual([...bitsIn(spans, one.box)], [...bits]);
    assert.ok(areEqual(spans, ofBits(bits, one.box, width)));
    assert.ok(areEqual(spans, fromWire(toWire(spans), width)));
    if (boxOf(spans).join() === one.box.join()) assert.deepEqual(countsOf(spans), one.runs);
  });
}

test("an image as wide as the box: rows stay apart", () => {
  const spans = fromWire({ box: [0, 0, 4, 2], runs: [0, 8] }, 4);
  assert.deepEqual([...spans.ends], [0, 4, 4, 8]);
  assert.deepEqual(toWire(spans), { box: [0, 0, 4, 2], runs: "08" });
});

test("damaged runs are refused", () => {
  assert.throws(() => fromWire({ box: [0, 0, 2, 2], runs: [0, 3] }, 5), /3 pixels, but its box 4/);
  assert.throws(() => fromText("\u00e9"), /damaged/);
});

/** A small generator of whole numbers, so that a failure can be repeated. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

test("what is done to spans is what would be done to pixels", () => {
  const next = numbers(7);
  for (let round = 0; round < 300; round++) {
    const width = 1 + Math.floor(next() * 12), height = 1 + Math.floor(next() * 9);
    const box = [0, 0, width, height] as const;
    const draw = (): [Uint8Array, Spans] => {
      const share = next();
      const bits = Uint8Array.from({ length: width * height }, () => (next() < share ? 1 : 0));
      return [bits, ofBits(bits, box, width)];
    };
    const [a, inA] = draw(), [b, inB] = draw();
    const same = (spans: Spans, bits: Uint8Array) => {
      assert.ok(areEqual(spans, ofBits(bits, box, width)));
      assert.equal(areaOf(spans), bits.reduce((sum, bit) => sum + bit, 0));
    };
    same(union(inA, inB), a.map((bit, i) => bit | b[i]));
    same(minus(inA, inB), a.map((bit, i) => bit & ~b[i] & 1));
    same(common(inA, inB), a.map((bit, i) => bit & b[i]));
    for (let i = 0; i < a.length; i++) assert.equal(holds(inA, i % width, Math.floor(i / width)), a[i] === 1);
    if (areaOf(inA) > 0) assert.ok(areEqual(inA, fromWire(toWire(inA), width)));
    assert.ok(areEqual(onImage(onImage(inA, width + 3, height), width, height), inA));
  }
});

test("nothing has an empty box and no span", () => {
  assert.deepEqual(boxOf(none(5)), [0, 0, 0, 0]);
  assert.equal(firstFrom(none(5), 3), 0);
});

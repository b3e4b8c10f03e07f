import assert from "node:assert/strict";
import { test } from "node:test";
import { Costs, Stopwatch } from "../src/editing/stopwatch.ts";
import { additions } from "../src/editing/painting.ts";
import { ObjectStore } from "../src/editing/objects.ts";
import { areaOf, ofBox } from "../src/editing/spans.ts";
import { shownRange } from "../src/app/look.ts";
import { keyName } from "../src/app/keys.ts";
import { commands } from "../src/app/commands.ts";
import { clipped, fitted, imageBox, pixelOf, toImage, toScreen, zoomedAt } from "../src/view/coordinates.ts";

test("screen to image and back, at any scale", () => {
  for (const scale of [1 / 256, 0.37, 1, 3, 64]) {
    const view = { scale, left: -17, top: 230 };
    const { sx, sy } = toScreen(view, toImage(view, { sx: 123, sy: 456 }));
    assert.ok(Math.abs(sx - 123) < 1e-9 && Math.abs(sy - 456) < 1e-9);
  }
});

test("zooming keeps the pixel under the pointer", () => {
  let view = { scale: 1, left: 10, top: 20 };
  const point = { sx: 300, sy: 200 };
  const before = pixelOf(toImage(view, point));
  for (const scale of [2, 7, 64, 16, 1]) {
    view = zoomedAt(view, point, scale);
    const now = toImage(view, point);
    assert.ok(Math.abs(now.ix - before[0]) <= 2 && Math.abs(now.iy - before[1]) <= 2);
    assert.ok(Number.isInteger(view.left) && Number.isInteger(view.top));
  }
  assert.equal(zoomedAt(view, point, 1e9).scale, 64);
  assert.equal(zoomedAt(view, point, 0).scale, 1 / 256);
});

test("a box is fitted into the middle, and what is seen is within the image", () => {
  assert.deepEqual(fitted([0, 0, 100, 50], 240, 240, 20), { scale: 2, left: 20, top: 70 });
  assert.deepEqual(imageBox({ scale: 2, left: 20, top: 70 }, 0, 0, 240, 240, 100, 50), [0, 0, 100, 50]);
  assert.deepEqual(clipped([-5, -5, -1, -1], 10, 10), [0, 0, 0, 0]);
});

const store = () => {
  const objects = new ObjectStore(20, 20);
  objects.apply([{ object: "a", set: { class_id: 1 }, mask: ofBox([0, 0, 4, 4], 20) }, { object: "b", set: { class_id: 2, locked: true }, mask: ofBox([6, 0, 10, 4], 20) }], "brush", null);
  return objects;
};
const classes = [{ id: 1, name: "cell", color: [0, 0, 0] as [number, number, number], kind: "thing" as const }, { id: 2, name: "sky", color: [0, 0, 0] as [number, number, number], kind: "stuff" as const }];

test("painting shares, takes or leaves the pixels of others; what is locked keeps its own", () => {
  const to = { id: "new", item: null, classId: 1 };
  const stroke = ofBox([2, 0, 8, 4], 20);
  const shared = additions(store(), to, stroke, "share", classes);
  assert.deepEqual([shared.changes.length, areaOf(shared.changes[0].add as never), shared.takes], [1, 24, false]);
  const taken = additions(store(), to, stroke, "take", classes);
  assert.deepEqual([taken.changes.map((one) => one.object), areaOf(taken.changes[0].add as never), taken.takes], [["new", "a"], 16, true]);
  assert.equal(areaOf(taken.changes[1].remove as never), 8);
  const left = additions(store(), to, stroke, "leave", classes);
  assert.deepEqual([left.changes.length, areaOf(left.changes[0].add as never)], [1, 8]);
  assert.deepEqual(additions(store(), to, ofBox([0, 0, 2, 2], 20), "leave", classes).changes, []);
});

test("a locked object refuses, and is unlocked by one change", () => {
  const objects = store();
  assert.throws(() => objects.apply([{ object: "b", delete: true }], "delete", null), /locked/);
  objects.apply([{ object: "b", set: { locked: false } }], "lock", null);
  objects.apply([{ object: "b", delete: true }], "delete", null);
  assert.equal(objects.size, 1);
});

test("what was applied can be put back, and found by place all the while", () => {
  const objects = store();
  const applied = objects.apply([{ object: "a", remove: ofBox([0, 0, 4, 4], 20) }, { object: "c", set: { class_id: 1 }, add: ofBox([15, 15, 20, 20], 20) }], "brush", null);
  assert.deepEqual(objects.all().map((one) => one.id), ["b", "c"]);
  objects.put(applied, true);
  assert.deepEqual([objects.at(1, 1)[0].id, objects.at(16, 16).length], ["a", 0]);
  objects.put(applied);
  assert.deepEqual([objects.at(1, 1).length, objects.at(16, 16)[0].id], [0, "c"]);
});

test("pauses count as short ones, and the seconds of a step are shared by its objects", () => {
  let now = 0;
  const watch = new Stopwatch(() => now);
  watch.stir(1);
  now = 2;
  watch.stir(1);
  now = 1000;
  assert.deepEqual(watch.take(), { seconds: 7, clicks: 2 });
  const costs = new Costs(3);
  assert.equal(costs.median(), null);
  costs.note([{ id: "a", isGone: false }, { id: "b", isGone: false }], 4);
  costs.note([{ id: "c", isGone: false }], 9);
  assert.deepEqual(costs.median(), { seconds: 2, objects: 3 });
  costs.note([{ id: "a", isGone: false }], 10);
  costs.note([{ id: "b", isGone: true }], 1);
  assert.deepEqual(costs.median(), { seconds: 10.5, objects: 2 });
});

test("sliders in the middle show what the file has; more contrast shows less of the range", () => {
  assert.deepEqual(shownRange(0, 255, 0, 0), [0, 255]);
  const [low, high] = shownRange(0, 256, 0, 0.25);
  assert.deepEqual([low, high], [64, 192]);
  assert.ok(shownRange(0, 255, 0.5, 0)[1] < 255);
});

test("no two commands have one key, and every command says what it is", () => {
  const seen = new Map<string, string>();
  for (const one of commands) {
    assert.ok(one.title.length > 2 && one.keys.length > 0, one.id);
    for (const key of one.keys) {
      assert.equal(seen.get(key), undefined, `${key} is the key of ${one.id} and ${seen.get(key)}`);
      seen.set(key, one.id);
      assert.ok(!["Ctrl+w", "Ctrl+t", "Ctrl+n", "Ctrl+Shift+t", "Ctrl+r", "Ctrl+l"].includes(key), "browsers need this one");
    }
  }
  assert.equal(new Set(commands.map((one) => one.id)).size, commands.length);
});

test("keys have the same names on other layouts", () => {
  const event = (key: string, code: string, more = {}) => keyName({ key, code, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...more });
  assert.equal(event("b", "KeyB"), "b");
  assert.equal(event("B", "KeyB", { shiftKey: true }), "Shift+b");
  assert.equal(event("и", "KeyB"), "b"); // Russian
  assert.equal(event("&", "Digit1"), "1"); // French
  assert.equal(event("z", "KeyY", { ctrlKey: true }), "Ctrl+z"); // German
  assert.equal(event("?", "Slash", { shiftKey: true }), "?");
  assert.equal(event("{", "BracketLeft", { shiftKey: true }), "Shift+[");
  assert.equal(event(" ", "Space", { shiftKey: true }), "Shift+Space");
  assert.equal(event("Z", "KeyZ", { metaKey: true, shiftKey: true }), "Ctrl+Shift+z");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Planes, placesOf, planeAt, planeBefore } from "../src/editing/planes.ts";
import { stacksIn } from "../src/panels/film_strip.tsx";
import type { ImageInfo } from "../src/data/protocol.ts";

const movie: Planes = { axes: [{ name: "t", length: 2 }, { name: "z", length: 3 }], images: [10, 11, 12, 20, 21, 22] };

test("a plane has a place on each axis, and each place has its plane", () => {
  assert.deepEqual(movie.images.map((id) => placesOf(movie, id)), [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]);
  for (const id of movie.images) placesOf(movie, id).forEach((place, axis) => assert.equal(planeAt(movie, id, axis, place), id));
  assert.equal(planeAt(movie, 11, 0, 1), 21);
  assert.equal(planeAt(movie, 21, 1, 2), 22);
});

test("nothing lies beyond the ends of an axis", () => {
  assert.equal(planeAt(movie, 12, 1, 3), 12);
  assert.equal(planeAt(movie, 20, 1, -5), 20);
  assert.equal(planeAt(movie, 20, 0, 7), 20);
});

test("before a plane comes the slice before it, and before the first slice the time before it", () => {
  assert.deepEqual(movie.images.map((id) => planeBefore(movie, id)), [null, 10, 11, 10, 20, 21]);
  assert.equal(planeBefore({ axes: [{ name: "z", length: 2 }], images: [7, 5] }, 5), 7);
});

test("planes of one stack that stand side by side in the list are put together", () => {
  const images = ["", "a.tif", "a.tif", undefined, "a.tif", "b.tif", ""].map((stack) => (stack === undefined ? undefined : ({ stack } as ImageInfo)));
  assert.deepEqual(stacksIn(images, 0, 9), [{ at: 1, count: 2, name: "a.tif" }, { at: 4, count: 1, name: "a.tif" }, { at: 5, count: 1, name: "b.tif" }]);
  assert.deepEqual(stacksIn(images, 2, 3), [{ at: 2, count: 1, name: "a.tif" }]);
});

/** The magic wand: press for the pixels that look alike, drag to the right for more of them and to the left for less. */

import { addPixels, plan, removePixels, target } from "../app/doing.ts";
import { session, tolerance, viewer } from "../app/state.ts";
import type { Target } from "../editing/painting.ts";
import { boxOf, none, type Spans, union, minus } from "../editing/spans.ts";
import { alike, type Picture } from "../editing/wand.ts";
import { type Box, clipped, type ImagePoint, joined, pixelOf } from "../view/coordinates.ts";
import { idle, type Tool } from "./tool.ts";

const REACH = 512; // pixels around the press that are looked at
const PX_A_STEP = 3;

interface Picking { readonly x: number; readonly y: number; readonly to: Target; readonly erases: boolean; picture: Picture | null; found: Spans | null; start: ImagePoint; first: number; released: boolean }

let picking: Picking | null = null;

function look(one: Picking): void {
  const open = session.value;
  if (open === null || one.picture === null) return;
  const before = one.found;
  one.found = alike(one.picture, one.x, one.y, tolerance.value, open.objects.width, open.objects.height);
  const changed = joined(before && boxOf(before), boxOf(one.found)) as Box;
  const old = one.to.item?.spans ?? none(open.objects.width);
  plan({ replaces: one.to.item?.id ?? null, spans: one.erases ? minus(old, one.found) : union(old, one.found), classId: one.to.classId, mark: "selected" }, changed);
}

function end(one: Picking): void {
  if (picking === one) picking = null;
  plan(null, one.found === null ? [0, 0, 0, 0] : boxOf(one.found));
  if (one.found === null) return;
  if (one.erases) removePixels(one.to, one.found, "wand");
  else addPixels(one.to, one.found, "wand");
}

export const wand: Tool = {
  ...idle,
  press(press) {
    const open = session.value;
    const [x, y] = pixelOf(press.at);
    if (open === null || x < 0 || y < 0 || x >= open.objects.width || y >= open.objects.height) return;
    const box = clipped([x - REACH, y - REACH, x + REACH, y + REACH], open.objects.width, open.objects.height);
    const one: Picking = {
      x, y, to: target(), erases: press.isSecond || press.alt, picture: null, found: null, start: press.at, first: tolerance.value, released: false,
    };
    picking = one;
    void viewer.value?.tiles.colors(box).then((colors) => {
      if (colors === null || (picking !== one && !one.released)) return;
      one.picture = { box, colors };
      look(one);
      if (one.released) end(one);
    }).catch(() => (picking = null));
  },
  move(press, isDown) {
    const view = viewer.value?.view.value;
    if (!isDown || picking === null || view === undefined) return;
    const moved = ((press.at.ix - picking.start.ix) * view.scale) / (viewer.value?.ratio ?? 1);
    const next = Math.min(255, Math.max(0, picking.first + Math.trunc(moved / PX_A_STEP)));
    if (next === tolerance.value) return;
    tolerance.value = next;
    look(picking);
  },
  release() {
    if (picking === null) return;
    picking.released = true;
    if (picking.picture !== null) end(picking);
  },
  cancel() {
    const one = picking;
    picking = null;
    if (one !== null) plan(null, one.found === null ? [0, 0, 0, 0] : boxOf(one.found));
    return one !== null;
  },
};

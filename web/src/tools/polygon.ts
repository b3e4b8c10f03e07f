/** Polygon: corner by corner; with Shift it is added to the selected object, with Alt or the second button taken from it. */

import { addPixels, removePixels, target } from "../app/doing.ts";
import { selection, session, viewer } from "../app/state.ts";
import { newId } from "../editing/session.ts";
import { polygon as inside } from "../editing/strokes.ts";
import { classId } from "../app/state.ts";
import { type ImagePoint, toScreen } from "../view/coordinates.ts";
import { line } from "./drawing.ts";
import { idle, type Press, type Tool } from "./tool.ts";

const CLOSE_PX = 9;

let corners: ImagePoint[] = [];
let mode: "new" | "add" | "subtract" = "new";
let loose: ImagePoint | null = null;

function closesAt(at: ImagePoint): boolean {
  const view = viewer.value?.view.value;
  if (view === undefined || corners.length < 3) return false;
  const a = toScreen(view, at), b = toScreen(view, corners[0]);
  return Math.hypot(a.sx - b.sx, a.sy - b.sy) <= CLOSE_PX * (viewer.value?.ratio ?? 1);
}

function redraw(): void {
  viewer.value?.redraw("over");
}

function close(): boolean {
  const open = session.value;
  if (open === null || corners.length < 3) return false;
  const pixels = inside(corners, open.objects.width, open.objects.height);
  corners = [];
  redraw();
  if (mode === "subtract") removePixels(target(), pixels, "polygon");
  else if (mode === "add" && selection.value.size === 1) addPixels(target(), pixels, "polygon");
  else {
    const stuff = target(); // a stuff class has one region, whatever is selected
    addPixels(selection.value.size === 0 ? stuff : { id: newId(), item: null, classId: classId.value }, pixels, "polygon");
  }
  return true;
}

export const polygon: Tool = {
  ...idle,
  press(press: Press) {
    if (corners.length === 0) mode = press.isSecond || press.alt ? "subtract" : press.shift ? "add" : "new";
    if (closesAt(press.at)) close();
    else corners = [...corners, press.at];
    redraw();
  },
  move(press, isDown) {
    loose = press.at;
    const last = corners[corners.length - 1];
    const view = viewer.value?.view.value;
    // Drawn with the button held, it follows the hand.
    if (isDown && last !== undefined && view !== undefined && Math.hypot(press.at.ix - last.ix, press.at.iy - last.iy) * view.scale > 6) corners = [...corners, press.at];
    redraw();
  },
  release(press) {
    if (corners.length > 8 && closesAt(press.at)) close();
  },
  finish: close,
  cancel() {
    const was = corners.length > 0;
    corners = [];
    redraw();
    return was;
  },
  stepBack() {
    const was = corners.length > 0;
    corners = corners.slice(0, -1);
    redraw();
    return was;
  },
  drawOver(context, view) {
    if (corners.length === 0) return;
    const points = [...corners, ...(loose === null ? [] : [loose])].map((point) => toScreen(view, point));
    line(context, points, mode === "subtract" ? [6, 4] : []);
    for (const point of points.slice(0, corners.length)) {
      context.fillStyle = "#fff";
      context.strokeStyle = "#000";
      context.lineWidth = 1;
      context.beginPath();
      context.rect(point.sx - 3, point.sy - 3, 6, 6);
      context.fill();
      context.stroke();
    }
    if (loose !== null && closesAt(loose)) {
      context.beginPath();
      context.arc(points[0].sx, points[0].sy, CLOSE_PX, 0, 2 * Math.PI);
      context.stroke();
    }
  },
};

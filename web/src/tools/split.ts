/** The knife: a line across objects cuts them in two. */

import { cutAlong } from "../app/doing.ts";
import { session, viewer } from "../app/state.ts";
import { union } from "../editing/spans.ts";
import { stroke } from "../editing/strokes.ts";
import { type ImagePoint, toScreen } from "../view/coordinates.ts";
import { line } from "./drawing.ts";
import { idle, type Tool } from "./tool.ts";

let points: ImagePoint[] = [];

export const split: Tool = {
  ...idle,
  holds: true,
  press(press) {
    points = [press.at];
  },
  move(press, isDown) {
    if (!isDown || points.length === 0) return;
    points.push(press.at);
    viewer.value?.redraw("over");
  },
  release(press) {
    const open = session.value;
    if (open === null || points.length === 0) return;
    const all = [...points, press.at];
    points = [];
    viewer.value?.redraw("over");
    const { width, height } = open.objects;
    cutAlong(all.slice(1).map((point, i) => stroke(all[i], point, 1, width, height)).reduce(union));
  },
  cancel() {
    const was = points.length > 0;
    points = [];
    viewer.value?.redraw("over");
    return was;
  },
  drawOver(context, view) {
    if (points.length > 1) line(context, points.map((point) => toScreen(view, point)), [6, 3]);
  },
};

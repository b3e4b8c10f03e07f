/** Brush and eraser: what they cover is shown at once and becomes one step when the pen is lifted. */

import { addPixels, plan, removePixels, target } from "../app/doing.ts";
import { brushSize, pointer, session, tool, viewer } from "../app/state.ts";
import type { Target } from "../editing/painting.ts";
import { minus, none, type Spans, union } from "../editing/spans.ts";
import { snapped, stroke, strokeBox } from "../editing/strokes.ts";
import { type Box, type ImagePoint, joined, pixelOf, toScreen } from "../view/coordinates.ts";
import { idle, type Press, type Tool } from "./tool.ts";

interface Painting { readonly to: Target; readonly erases: boolean; pixels: Spans; last: ImagePoint; box: Box }

let painting: Painting | null = null;

/** What an eraser works on: the selected object, or the topmost under it. */
function erased(at: ImagePoint): Target {
  const chosen = target();
  if (chosen.item !== null) return chosen;
  const [x, y] = pixelOf(at);
  const item = session.value?.objects.at(x, y)[0] ?? null;
  return item === null ? chosen : { id: item.id, item, classId: item.class_id };
}

function begin(press: Press, erases: boolean): void {
  const open = session.value;
  if (open === null) return;
  const to = erases ? erased(press.at) : target();
  if (erases && to.item === null) return;
  painting = { to, erases, pixels: none(open.objects.width), last: press.at, box: strokeBox(press.at, press.at, brushSize.value) };
  extend(press.at);
}

function extend(at: ImagePoint): void {
  const open = session.value;
  if (painting === null || open === null) return;
  const { width, height } = open.objects;
  const part = stroke(painting.last, at, brushSize.value, width, height);
  const changed = strokeBox(painting.last, at, brushSize.value);
  painting.pixels = union(painting.pixels, part);
  painting.last = at;
  painting.box = joined(painting.box, changed) as Box;
  const old = painting.to.item?.spans ?? none(width);
  const spans = painting.erases ? minus(old, painting.pixels) : union(old, painting.pixels);
  plan({ replaces: painting.to.item?.id ?? null, spans, classId: painting.to.classId, mark: "selected" }, changed);
}

function end(): void {
  if (painting === null) return;
  const { to, erases, pixels, box } = painting;
  painting = null;
  plan(null, box);
  if (erases) removePixels(to, pixels, "eraser");
  else addPixels(to, pixels, "brush");
}

function made(erases: boolean): Tool {
  return {
    ...idle,
    holds: true,
    press: (press) => begin(press, erases !== press.isSecond),
    move: (press, isDown) => (isDown && painting !== null ? extend(press.at) : viewer.value?.redraw("over")),
    release: end,
    finish() {
      const was = painting !== null;
      end();
      return was;
    },
    cancel() {
      if (painting === null) return false;
      plan(null, painting.box);
      painting = null;
      return true;
    },
    drawOver(context, view) {
      const at = pointer.value;
      if (at === null) return;
      const middle = toScreen(view, snapped(at.at, brushSize.value));
      const radius = Math.max(1.5, (brushSize.value / 2) * view.scale);
      for (const [color, width, dash] of [["#000", 3, []], ["#fff", 1.25, tool.value === "eraser" ? [5, 4] : []]] as const) {
        context.strokeStyle = color;
        context.lineWidth = width;
        context.setLineDash([...dash]);
        context.beginPath();
        context.arc(middle.sx, middle.sy, radius, 0, 2 * Math.PI);
        context.stroke();
      }
      context.setLineDash([]);
    },
  };
}

export const brush = made(false);
export const eraser = made(true);

/** Select: click an object, again for the one below it; drag a box for all in it; Shift adds. Clicks on a proposal make it the current one. */

import { select as choose } from "../app/doing.ts";
import { currentProposal, hidden, hiddenClasses, selection, session, shownProposals, viewer } from "../app/state.ts";
import { holds } from "../editing/spans.ts";
import { type Box, type ImagePoint, pixelOf, toScreen } from "../view/coordinates.ts";
import { rectangle } from "./drawing.ts";
import { idle, type Press, type Tool } from "./tool.ts";

const DRAG_PX = 5;

let start: ImagePoint | null = null;
let now: ImagePoint | null = null;

function isDrag(): boolean {
  const view = viewer.value;
  if (start === null || now === null || view === null) return false;
  return Math.hypot(now.ix - start.ix, now.iy - start.iy) * view.view.value.scale > DRAG_PX * view.ratio;
}

function pick(press: Press): void {
  const open = session.value;
  if (open === null) return;
  const [x, y] = pixelOf(press.at);
  const found = open.objects.at(x, y).filter((item) => !hidden.value.has(item.id) && !hiddenClasses.value.has(item.class_id)).map((item) => item.id);
  if (found.length === 0) {
    const proposal = shownProposals.value.filter((one) => holds(one.spans, x, y)).sort((a, b) => a.area - b.area)[0];
    if (proposal !== undefined) {
      currentProposal.value = proposal.id;
      viewer.value?.repaint();
    } else if (!press.shift) choose([]);
    return;
  }
  if (press.shift) {
    const next = new Set(selection.value);
    if (!next.delete(found[0])) next.add(found[0]);
    return choose(next);
  }
  const at = found.findIndex((id) => selection.value.has(id));
  choose([found[selection.value.size === 1 ? (at + 1) % found.length : 0]]);
}

function pickBox(press: Press): void {
  const open = session.value;
  if (open === null || start === null) return;
  const box: Box = [
    Math.min(start.ix, press.at.ix), Math.min(start.iy, press.at.iy), Math.max(start.ix, press.at.ix), Math.max(start.iy, press.at.iy),
  ];
  const whole = open.objects.inBox([Math.floor(box[0]), Math.floor(box[1]), Math.ceil(box[2]), Math.ceil(box[3])])
    .filter((item) => item.box[0] >= box[0] && item.box[1] >= box[1] && item.box[2] <= box[2] && item.box[3] <= box[3]);
  choose([...(press.shift ? selection.value : []), ...whole.map((item) => item.id)]);
}

export const select: Tool = {
  ...idle,
  press(press) {
    start = now = press.at;
  },
  move(press, isDown) {
    if (!isDown) return;
    now = press.at;
    viewer.value?.redraw("over");
  },
  release(press) {
    if (isDrag()) pickBox(press);
    else pick(press);
    start = now = null;
    viewer.value?.redraw("over");
  },
  cancel() {
    if (start !== null) {
      start = null;
      return true;
    }
    if (selection.value.size === 0) return false;
    choose([]);
    return true;
  },
  drawOver(context, view) {
    if (isDrag()) rectangle(context, toScreen(view, start as ImagePoint), toScreen(view, now as ImagePoint), [5, 4]);
  },
};

export const hand: Tool = {
  ...idle,
};

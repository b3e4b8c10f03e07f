/** Click to mask: clicks and boxes go to the assistant, its answers can be gone through, and Enter keeps the one that is shown. */

import { addPixels, commit, plan, select, target } from "../app/doing.ts";
import { api } from "../data/api.ts";
import { assistant, classId, clicking, type Clicking, image, say, selectedItems, session, stopwatch, viewer } from "../app/state.ts";
import { fromWire, toWire } from "../editing/runs.ts";
import { areaOf, boxOf } from "../editing/spans.ts";
import { type Box, type ImagePoint, joined, pixelOf, toScreen } from "../view/coordinates.ts";
import { click as mark, rectangle } from "./drawing.ts";
import { idle, type Tool } from "./tool.ts";

const DRAG_PX = 6;
const EMPTY: Clicking = { clicks: [], box: null, target: null, answers: [], chosen: 0, isBusy: false, why: "" };

let asking: AbortController | null = null;
let start: ImagePoint | null = null;
let now: ImagePoint | null = null;

const isDrag = () => start !== null && now !== null && Math.hypot(now.ix - start.ix, now.iy - start.iy) * (viewer.value?.view.value.scale ?? 1) > DRAG_PX * (viewer.value?.ratio ?? 1);

/** Show the answer that is chosen, or none. */
function show(next: Clicking | null): void {
  const before = clicking.value;
  clicking.value = next;
  const old = before?.answers[before.chosen], shown = next?.answers[next.chosen];
  const planned = shown === undefined ? null : { replaces: next?.target ?? null, spans: shown.spans, classId: targetClass(next), mark: "selected" as const };
  const item = (next ?? before)?.target ? session.value?.objects.get((next ?? before)?.target as string) : undefined;
  plan(planned, joined(joined(old ? boxOf(old.spans) : null, shown ? boxOf(shown.spans) : null), item?.box ?? null) ?? [0, 0, 0, 0]);
  viewer.value?.redraw("over");
}

function targetClass(one: Clicking | null): number | null {
  return one?.target ? session.value?.objects.get(one.target)?.class_id ?? null : classId.value;
}

async function askFor(next: Clicking): Promise<void> {
  const open = session.value, shown = image.value;
  if (open === null || shown === null) return;
  asking?.abort();
  if (next.clicks.length === 0 && next.box === null) return show(null);
  const control = (asking = new AbortController());
  show({ ...next, isBusy: true });
  const repaired = next.target === null ? undefined : open.objects.get(next.target);
  const last = next.answers[next.chosen];
  const before = last?.spans ?? repaired?.spans;
  try {
    const { candidates, fallback, why } = await api.mask(shown.id, {
      clicks: next.clicks.map(([x, y, positive]) => [x, y, positive]),
      ...(next.box === null ? {} : { box: [...next.box] }),
      ...(before === undefined || areaOf(before) === 0 ? {} : { previous: toWire(before) }),
      assistant: assistant.value,
    }, control.signal);
    if (control.signal.aborted || session.value !== open) return;
    const answers = candidates.map((one) => ({ spans: fromWire(one, open.objects.width), score: one.score, assistant: one.assistant }));
    show({ ...next, answers, chosen: 0, isBusy: false, why: fallback ? why ?? "" : answers.length === 0 ? "No mask was found there. Click into an object." : "" });
  } catch (error) {
    if (control.signal.aborted) return;
    show({ ...next, isBusy: false, why: error instanceof Error ? error.message : String(error) });
  }
}

/** The other answers to the same clicks. */
export function chooseAnswer(by: 1 | -1): boolean {
  const one = clicking.value;
  if (one === null || one.answers.length < 2) return false;
  show({ ...one, chosen: (one.chosen + by + one.answers.length) % one.answers.length });
  return true;
}

function keep(): boolean {
  const one = clicking.value;
  const answer = one?.answers[one.chosen];
  if (one === null) return false;
  if (answer === undefined) {
    if (one.isBusy) say("The mask is not there yet.");
    return true;
  }
  drop();
  stopwatch.stir();
  if (one.target !== null) {
    commit([{ object: one.target, mask: answer.spans }], { tool: "click", assistant: answer.assistant });
    select([]);
  } else {
    select([]);
    addPixels(target(), answer.spans, "click", answer.assistant);
    select([]); // the next click begins another object
  }
  return true;
}

function drop(): boolean {
  const was = clicking.value !== null;
  asking?.abort();
  start = now = null;
  if (was) show(null);
  return was;
}

function begun(): Clicking {
  if (clicking.value !== null) return clicking.value;
  const [only, ...more] = selectedItems.value;
  return { ...EMPTY, target: only !== undefined && more.length === 0 && !only.locked ? only.id : null };
}

export const click: Tool = {
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
    if (start === null) return;
    const one = begun();
    const isBox = isDrag() && !press.isSecond;
    const [x, y] = pixelOf(press.at);
    const from = start;
    start = now = null;
    if (isBox) {
      const box = [Math.min(from.ix, press.at.ix), Math.min(from.iy, press.at.iy), Math.max(from.ix, press.at.ix), Math.max(from.iy, press.at.iy)].map(Math.round);
      void askFor({ ...one, box: box as unknown as Box, answers: [], chosen: 0 });
    } else void askFor({ ...one, clicks: [...one.clicks, [x, y, !press.isSecond]] });
  },
  finish: keep,
  cancel: drop,
  stepBack() {
    const one = clicking.value;
    if (one === null) return false;
    const next = one.clicks.length > 0 ? { ...one, clicks: one.clicks.slice(0, -1) } : { ...one, box: null };
    if (next.clicks.length === 0 && next.box === null) drop();
    else void askFor({ ...next, answers: [], chosen: 0 });
    return true;
  },
  drawOver(context, view) {
    const size = 6 * (viewer.value?.ratio ?? 1);
    const one = clicking.value;
    if (one?.box) rectangle(context, toScreen(view, { ix: one.box[0], iy: one.box[1] }), toScreen(view, { ix: one.box[2], iy: one.box[3] }), [6, 4]);
    if (isDrag()) rectangle(context, toScreen(view, start as ImagePoint), toScreen(view, now as ImagePoint), [6, 4]);
    for (const [x, y, positive] of one?.clicks ?? []) mark(context, toScreen(view, { ix: x + 0.5, iy: y + 0.5 }), positive, size);
  },
};

/** Mouse, pen, fingers and wheel on the canvas, and the pointer that arrow keys move: all become calls to the chosen tool. */

import { currentTool } from "./modes.ts";
import { step } from "./stacks.ts";
import { penIsDown, pointer, session, stopwatch, tool, viewer } from "./state.ts";
import type { Press } from "../tools/tool.ts";
import { type ImagePoint, pixelOf, type ScreenPoint, toImage, toScreen } from "../view/coordinates.ts";
import type { Viewer } from "../view/viewer.ts";

const WHEEL_STEP = 0.0016;
const KEY_STEP_PX = 12;
const PAGE_PX = 60; // of the wheel, to the next plane

/** Space held: the pointer moves the image, whichever tool is chosen. */
export const spaceIsHeld = { value: false };

const touches = new Map<number, ScreenPoint>();
let drag: { id: number; last: ScreenPoint } | null = null; // of the image
let turned = 0; // of the wheel, towards the next plane
let pressed: { id: number; isSecond: boolean } | null = null; // of the tool

const pressOf = (event: PointerEvent, at: ImagePoint, isSecond: boolean): Press => ({
  at, isSecond, shift: event.shiftKey, ctrl: event.ctrlKey || event.metaKey, alt: event.altKey,
});

export function listen(view: Viewer): void {
  const { host } = view;
  host.addEventListener("pointerdown", (event) => down(view, event));
  host.addEventListener("pointermove", (event) => move(view, event));
  host.addEventListener("pointerup", (event) => up(view, event));
  host.addEventListener("pointercancel", (event) => {
    touches.delete(event.pointerId);
    if (drag?.id === event.pointerId) drag = null;
    if (pressed?.id === event.pointerId) {
      pressed = null;
      currentTool().cancel();
    }
  });
  host.addEventListener("pointerleave", () => {
    if (pressed === null && !pointer.value?.byKeys) pointer.value = null;
    view.redraw("over");
  });
  host.addEventListener("dblclick", (event) => {
    event.preventDefault();
    if (tool.value === "polygon") currentTool().finish();
  });
  host.addEventListener("contextmenu", (event) => event.preventDefault());
  host.addEventListener("wheel", (event) => wheel(view, event), { passive: false });
}

function down(view: Viewer, event: PointerEvent): void {
  if (session.value === null) return;
  host(view).focus({ preventScroll: true });
  host(view).setPointerCapture(event.pointerId);
  const at = view.screenPoint(event);
  stopwatch.stir(1);
  if (event.pointerType === "touch") {
    touches.set(event.pointerId, at);
    if (touches.size > 1) {
      if (pressed !== null) currentTool().cancel();
      pressed = null;
      return;
    }
  }
  if (event.button === 1 || spaceIsHeld.value || tool.value === "hand") {
    event.preventDefault();
    drag = { id: event.pointerId, last: at };
    return;
  }
  if (event.button > 2 || pressed !== null) return;
  penIsDown.value = false;
  const isSecond = event.button === 2 || (event.pointerType === "pen" && (event.buttons & 32) !== 0);
  pressed = { id: event.pointerId, isSecond };
  pointer.value = { at: toImage(view.view.value, at), byKeys: false };
  currentTool().press(pressOf(event, pointer.value.at, isSecond));
}

function move(view: Viewer, event: PointerEvent): void {
  if (session.value === null) return;
  const at = view.screenPoint(event);
  if (touches.size > 1 && touches.has(event.pointerId)) return pinch(view, event.pointerId, at);
  if (drag?.id === event.pointerId) {
    view.moveBy(at.sx - drag.last.sx, at.sy - drag.last.sy);
    drag.last = at;
    return;
  }
  stopwatch.stir();
  const isDown = pressed?.id === event.pointerId;
  // Between two frames a pen makes several moves; all of them belong to the stroke.
  const moves = isDown ? event.getCoalescedEvents?.() ?? [] : [];
  for (const one of moves.length > 0 ? moves : [event]) {
    const point = view.imagePoint(one);
    pointer.value = { at: point, byKeys: false };
    currentTool().move(pressOf(event, point, pressed?.isSecond ?? false), isDown);
  }
  view.redraw("over");
}

function up(view: Viewer, event: PointerEvent): void {
  touches.delete(event.pointerId);
  if (drag?.id === event.pointerId) drag = null;
  if (pressed?.id !== event.pointerId) return;
  const { isSecond } = pressed;
  pressed = null;
  currentTool().release(pressOf(event, view.imagePoint(event), isSecond));
}

/** Two fingers move and zoom. */
function pinch(view: Viewer, id: number, at: ScreenPoint): void {
  const other = [...touches].find(([one]) => one !== id)?.[1] as ScreenPoint;
  const before = touches.get(id) as ScreenPoint;
  const middle = (a: ScreenPoint, b: ScreenPoint) => ({ sx: (a.sx + b.sx) / 2, sy: (a.sy + b.sy) / 2 });
  const from = middle(before, other), to = middle(at, other);
  const factor = Math.hypot(at.sx - other.sx, at.sy - other.sy) / Math.max(1, Math.hypot(before.sx - other.sx, before.sy - other.sy));
  touches.set(id, at);
  view.moveBy(to.sx - from.sx, to.sy - from.sy);
  view.zoomTo(view.view.value.scale * factor, to);
}

function wheel(view: Viewer, event: WheelEvent): void {
  if (session.value === null) return;
  event.preventDefault();
  stopwatch.stir();
  const lines = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
  if (event.altKey) return turnPages(event.deltaY * lines);
  if (event.shiftKey) return view.moveBy(-(event.deltaX || event.deltaY) * lines * view.ratio, 0);
  const speed = event.ctrlKey ? 4 : 1; // a pinch on a touchpad comes as small steps
  view.zoomTo(view.view.value.scale * Math.exp(-event.deltaY * lines * WHEEL_STEP * speed), view.screenPoint(event));
}

/** The wheel goes through the planes of a stack. */
function turnPages(pixels: number): void {
  turned += pixels;
  if (Math.abs(turned) < PAGE_PX) return;
  step("plane", turned > 0 ? 1 : -1);
  turned = 0;
}

/** Move the pointer by keys; it begins in the middle of the canvas. `fine`: one pixel of the image. */
export function nudge(dx: number, dy: number, fine: boolean): void {
  const view = viewer.value;
  if (view === null || session.value === null) return;
  const { scale } = view.view.value;
  const length = fine ? 1 : Math.max(1, Math.round((KEY_STEP_PX * view.ratio) / scale));
  const start = pointer.value?.at ?? toImage(view.view.value, { sx: view.width / 2, sy: view.height / 2 });
  const [x, y] = pixelOf(start);
  const { width, height } = session.value.objects;
  const at = {
    ix: Math.min(width - 1, Math.max(0, x + dx * length)) + 0.5,
    iy: Math.min(height - 1, Math.max(0, y + dy * length)) + 0.5,
  };
  pointer.value = { at, byKeys: true };
  stopwatch.stir();
  currentTool().move(keyPress(at), penIsDown.value);
  const { sx, sy } = toScreen(view.view.value, at);
  const rim = 30 * view.ratio;
  const shift = (value: number, size: number) => (value < rim ? rim - value : value > size - rim ? size - rim - value : 0);
  if (shift(sx, view.width) !== 0 || shift(sy, view.height) !== 0) view.moveBy(shift(sx, view.width), shift(sy, view.height));
  view.redraw("over");
}

/** Press where the keys have moved the pointer to. Tools that draw lines are held until the next press. */
export function pressByKey(isSecond: boolean): void {
  const at = pointer.value?.at;
  if (at === undefined) return nudge(0, 0, true);
  stopwatch.stir(1);
  const chosen = currentTool(), press = keyPress(at, isSecond);
  pointer.value = { at, byKeys: true };
  if (!penIsDown.value) chosen.press(press);
  if (chosen.holds && !penIsDown.value) penIsDown.value = true;
  else {
    penIsDown.value = false;
    chosen.release(press);
  }
  viewer.value?.redraw("over");
}

function keyPress(at: ImagePoint, isSecond = false): Press {
  return { at, isSecond, shift: false, ctrl: false, alt: false };
}

const host = (view: Viewer) => view.host;

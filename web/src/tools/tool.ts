/** A tool: what presses, moves and keys mean while it is chosen. Mouse, pen, finger and keyboard all come as the same calls. */

import type { ImagePoint, View } from "../view/coordinates.ts";

export interface Press { readonly at: ImagePoint; readonly isSecond: boolean; readonly shift: boolean; readonly ctrl: boolean; readonly alt: boolean }

export interface Tool {
  /** For strokes, the keyboard's press holds until the next one; for points, it is released at once. */
  readonly holds: boolean;
  press(press: Press): void;
  move(press: Press, isDown: boolean): void;
  release(press: Press): void;
  /** Enter. Whether there was something to finish. */
  finish(): boolean;
  /** Escape, or another tool. Whether there was something to drop. */
  cancel(): boolean;
  /** Take back the last part of what is in the making. Whether there was one. */
  stepBack(): boolean;
  drawOver?(context: CanvasRenderingContext2D, view: View): void;
}

export const idle: Tool = {
  holds: false, press() {}, move() {}, release() {}, finish: () => false, cancel: () => false, stepBack: () => false,
};

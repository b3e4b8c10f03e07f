/** Lines and marks of tools that can be seen on any image: white on black. */

import type { ScreenPoint } from "../view/coordinates.ts";

export function line(context: CanvasRenderingContext2D, points: readonly ScreenPoint[], dash: number[] = [], closed = false): void {
  for (const [color, width] of [["#000", 3.5], ["#fff", 1.5]] as const) {
    context.strokeStyle = color;
    context.lineWidth = width;
    context.setLineDash(color === "#fff" ? dash : []);
    context.beginPath();
    points.forEach((point, i) => (i === 0 ? context.moveTo(point.sx, point.sy) : context.lineTo(point.sx, point.sy)));
    if (closed) context.closePath();
    context.stroke();
  }
  context.setLineDash([]);
}

export function rectangle(context: CanvasRenderingContext2D, a: ScreenPoint, b: ScreenPoint, dash: number[] = []): void {
  line(context, [a, { sx: b.sx, sy: a.sy }, b, { sx: a.sx, sy: b.sy }], dash, true);
}

/** A click: a round plus, or a square minus, so that form tells it and not colour alone. */
export function click(context: CanvasRenderingContext2D, { sx, sy }: ScreenPoint, isPositive: boolean, size: number): void {
  context.lineWidth = size / 4;
  context.strokeStyle = "#fff";
  context.fillStyle = isPositive ? "#00785a" : "#b33c00";
  context.beginPath();
  if (isPositive) context.arc(sx, sy, size, 0, 2 * Math.PI);
  else context.rect(sx - size * 0.9, sy - size * 0.9, size * 1.8, size * 1.8);
  context.fill();
  context.stroke();
  context.beginPath();
  context.moveTo(sx - size / 2, sy);
  context.lineTo(sx + size / 2, sy);
  if (isPositive) {
    context.moveTo(sx, sy - size / 2);
    context.lineTo(sx, sy + size / 2);
  }
  context.stroke();
}

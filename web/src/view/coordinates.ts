/** Points on the screen and on the image are two types, so that one is never taken for the other. */

/** A place on the canvas, in device pixels from its upper left corner. */
export interface ScreenPoint { readonly sx: number; readonly sy: number }

/** A place on the image; the pixel in row y and column x covers x to x + 1 and y to y + 1. */
export interface ImagePoint { readonly ix: number; readonly iy: number }

/** A half-open box of whole pixels: x0, y0, x1, y1. */
export type Box = readonly [number, number, number, number];

/** What part of the image is seen: device pixels a pixel of the image, and where the image's corner lies. */
export interface View { readonly scale: number; readonly left: number; readonly top: number }

export const SMALLEST_SCALE = 1 / 256;
export const LARGEST_SCALE = 64;

export function toImage(view: View, point: ScreenPoint): ImagePoint {
  return { ix: (point.sx - view.left) / view.scale, iy: (point.sy - view.top) / view.scale };
}

export function toScreen(view: View, point: ImagePoint): ScreenPoint {
  return { sx: point.ix * view.scale + view.left, sy: point.iy * view.scale + view.top };
}

/** The pixel in which a point lies. */
export function pixelOf(point: ImagePoint): readonly [number, number] {
  return [Math.floor(point.ix), Math.floor(point.iy)];
}

/** Another scale, with the same point of the image under the same point of the screen. The corner stays on a whole pixel of the screen. */
export function zoomedAt(view: View, point: ScreenPoint, scale: number): View {
  const wanted = Math.min(LARGEST_SCALE, Math.max(SMALLEST_SCALE, scale));
  const fixed = toImage(view, point);
  return { scale: wanted, left: Math.round(point.sx - fixed.ix * wanted), top: Math.round(point.sy - fixed.iy * wanted) };
}

export function movedBy(view: View, dx: number, dy: number): View {
  return { scale: view.scale, left: Math.round(view.left + dx), top: Math.round(view.top + dy) };
}

/** The view that shows a box whole and in the middle, with a rim around it. */
export function fitted(box: Box, width: number, height: number, rim: number, most = LARGEST_SCALE): View {
  const [x0, y0, x1, y1] = box;
  const room = Math.min((width - 2 * rim) / Math.max(1, x1 - x0), (height - 2 * rim) / Math.max(1, y1 - y0));
  const scale = Math.min(most, LARGEST_SCALE, Math.max(SMALLEST_SCALE, room));
  return { scale, left: Math.round((width - (x0 + x1) * scale) / 2), top: Math.round((height - (y0 + y1) * scale) / 2) };
}

/** The pixels of the image that a rectangle of the screen shows at least in part. */
export function imageBox(view: View, x0: number, y0: number, x1: number, y1: number, width: number, height: number): Box {
  const a = toImage(view, { sx: x0, sy: y0 });
  const b = toImage(view, { sx: x1, sy: y1 });
  return clipped([Math.floor(a.ix), Math.floor(a.iy), Math.ceil(b.ix), Math.ceil(b.iy)], width, height);
}

export function clipped(box: Box, width: number, height: number): Box {
  const x0 = Math.min(width, Math.max(0, box[0])), y0 = Math.min(height, Math.max(0, box[1]));
  return [x0, y0, Math.max(x0, Math.min(width, box[2])), Math.max(y0, Math.min(height, box[3]))];
}

export function grown(box: Box, by: number): Box {
  return [box[0] - by, box[1] - by, box[2] + by, box[3] + by];
}

export function isEmpty(box: Box): boolean {
  return box[2] <= box[0] || box[3] <= box[1];
}

export function joined(a: Box | null, b: Box | null): Box | null {
  if (a === null || b === null) return a ?? b;
  if (isEmpty(a) || isEmpty(b)) return isEmpty(a) ? b : a;
  return [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])];
}

export function meets(a: Box, b: Box): boolean {
  return a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
}

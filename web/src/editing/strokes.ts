/** What brushes and polygons cover, pixel by pixel: a pixel belongs to a shape if its centre does. */

import type { Box, ImagePoint } from "../view/coordinates.ts";
import { SpansBuilder, type Spans } from "./spans.ts";

/** Where the middle of a brush lies: in that of a pixel where its size is odd, else on a corner, so that it looks the same everywhere. */
export function snapped(point: ImagePoint, size: number): ImagePoint {
  return size % 2 === 1
    ? { ix: Math.floor(point.ix) + 0.5, iy: Math.floor(point.iy) + 0.5 }
    : { ix: Math.round(point.ix), iy: Math.round(point.iy) };
}

/** The pixels that a round brush of `size` pixels covers on its way from one point to another. */
export function stroke(from: ImagePoint, to: ImagePoint, size: number, width: number, height: number): Spans {
  const a = snapped(from, size), b = snapped(to, size);
  const radius = size / 2;
  const builder = new SpansBuilder(width);
  const dx = b.ix - a.ix, dy = b.iy - a.iy;
  const length = Math.hypot(dx, dy);
  const px = length > 0 ? (-dy / length) * radius : 0, py = length > 0 ? (dx / length) * radius : 0;
  const corners = [[a.ix + px, a.iy + py], [b.ix + px, b.iy + py], [b.ix - px, b.iy - py], [a.ix - px, a.iy - py]];
  const first = Math.max(0, Math.floor(Math.min(a.iy, b.iy) - radius));
  const last = Math.min(height - 1, Math.ceil(Math.max(a.iy, b.iy) + radius));
  for (let y = first; y <= last; y++) {
    const centre = y + 0.5;
    let low = Infinity, high = -Infinity;
    for (const end of [a, b]) {
      const squared = radius * radius - (centre - end.iy) ** 2;
      if (squared < 0) continue;
      low = Math.min(low, end.ix - Math.sqrt(squared));
      high = Math.max(high, end.ix + Math.sqrt(squared));
    }
    for (let i = 0; length > 0 && i < 4; i++) {
      const [x0, y0] = corners[i], [x1, y1] = corners[(i + 1) % 4];
      if (y0 === y1 || centre < Math.min(y0, y1) || centre > Math.max(y0, y1)) continue;
      const x = x0 + ((centre - y0) / (y1 - y0)) * (x1 - x0);
      low = Math.min(low, x);
      high = Math.max(high, x);
    }
    const start = Math.max(0, Math.ceil(low - 0.5 - 1e-9)), end = Math.min(width, Math.floor(high - 0.5 + 1e-9) + 1);
    if (start < end) builder.add(y * width + start, y * width + end);
  }
  return builder.made();
}

/** The pixels inside a polygon, by the even-odd rule. */
export function polygon(points: readonly ImagePoint[], width: number, height: number): Spans {
  const builder = new SpansBuilder(width);
  if (points.length < 3) return builder.made();
  const rows = points.map((point) => point.iy);
  const first = Math.max(0, Math.floor(Math.min(...rows))), last = Math.min(height - 1, Math.ceil(Math.max(...rows)));
  for (let y = first; y <= last; y++) {
    const centre = y + 0.5;
    const crossings: number[] = [];
    for (let i = 0; i < points.length; i++) {
      const a = points[i], b = points[(i + 1) % points.length];
      if ((a.iy <= centre) === (b.iy <= centre)) continue;
      crossings.push(a.ix + ((centre - a.iy) / (b.iy - a.iy)) * (b.ix - a.ix));
    }
    crossings.sort((p, q) => p - q);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const start = Math.max(0, Math.ceil(crossings[i] - 0.5)), end = Math.min(width, Math.ceil(crossings[i + 1] - 0.5));
      builder.add(y * width + start, y * width + end);
    }
  }
  return builder.made();
}

/** The box that a stroke can reach. */
export function strokeBox(from: ImagePoint, to: ImagePoint, size: number): Box {
  const reach = size / 2 + 1;
  return [
    Math.floor(Math.min(from.ix, to.ix) - reach), Math.floor(Math.min(from.iy, to.iy) - reach),
    Math.ceil(Math.max(from.ix, to.ix) + reach), Math.ceil(Math.max(from.iy, to.iy) + reach),
  ];
}

/** The canvas: image, objects and pointer in three layers, moved and zoomed; it draws what is in view and nothing else. */

import { signal } from "@preact/signals";
import {
  type Box, clipped, fitted, grown, imageBox, type ImagePoint, isEmpty, joined, movedBy, type ScreenPoint, toImage, toScreen, type View, zoomedAt,
} from "./coordinates.ts";
import { type Painted, paintLabels } from "./labels.ts";
import { type Tiled, Tiles } from "./tiles.ts";

const RIM = 24; // css pixels around an image that is shown whole
const SLOW_MS = 14; // a painting of all objects that takes longer waits until zooming pauses
const REST_MS = 90;

export interface Scene {
  /** The objects in a box of the image, the lowest first. */
  painted(box: Box): Painted[];
  /** What lies above all: pointer, shapes that are being drawn, marks. */
  drawOver(context: CanvasRenderingContext2D, view: View): void;
}

export class Viewer {
  readonly view = signal<View>({ scale: 1, left: 0, top: 0 });
  readonly tiles = new Tiles();
  /** Milliseconds that the last painting of objects took. */
  paintMs = 0;
  private image: Tiled | null = null;
  private readonly layers: CanvasRenderingContext2D[];
  private paintedView: View | null = null;
  private dirty: Box | null = null; // of the image
  private needs = { image: true, labels: true, over: true };
  private scheduled = 0;
  private rest: ReturnType<typeof setTimeout> | undefined;
  private isFitted = true;

  constructor(readonly host: HTMLElement, private readonly scene: Scene) {
    this.layers = ["image", "labels", "over"].map((name) => {
      const canvas = document.createElement("canvas");
      canvas.className = `layer layer-${name}`;
      canvas.setAttribute("aria-hidden", "true");
      host.append(canvas);
      return canvas.getContext("2d", name === "labels" ? { willReadFrequently: true } : {}) as CanvasRenderingContext2D;
    });
    this.tiles.onArrival = () => this.redraw("image");
    new ResizeObserver(() => this.resize()).observe(host);
    this.resize();
  }

  get width(): number {
    return this.layers[0].canvas.width;
  }

  get height(): number {
    return this.layers[0].canvas.height;
  }

  get ratio(): number {
    return window.devicePixelRatio || 1;
  }

  /** keepsView: of an image of the same size, which is then looked at in the same place. */
  open(image: Tiled | null, keepsView = false): void {
    this.image = image;
    this.tiles.open(image);
    if (keepsView) this.redraw("image");
    else this.fit();
    this.repaint();
  }

  /** Fetch what of another image will be in view, so that it can be opened without a gap. */
  prepare(image: Tiled): Promise<void> {
    return this.tiles.prepare(image, this.view.value, this.width, this.height);
  }

  fit(): void {
    if (this.image === null) return this.setView({ scale: 1, left: 0, top: 0 });
    const box: Box = [0, 0, this.image.width, this.image.height];
    this.setView(fitted(box, this.width, this.height, RIM * this.ratio, 8 * this.ratio));
    this.isFitted = true;
  }

  setView(view: View): void {
    this.isFitted = false;
    this.view.value = view;
    this.needs = { image: true, labels: true, over: true };
    this.schedule();
  }

  moveBy(dx: number, dy: number): void {
    this.setView(movedBy(this.view.value, dx, dy));
  }

  zoomTo(scale: number, at?: ScreenPoint): void {
    this.setView(zoomedAt(this.view.value, at ?? { sx: this.width / 2, sy: this.height / 2 }, scale));
  }

  /** Bring a box into view, moving no more than is needed. */
  show(box: Box): void {
    const view = this.view.value, rim = 40 * this.ratio;
    const a = toScreen(view, { ix: box[0], iy: box[1] }), b = toScreen(view, { ix: box[2], iy: box[3] });
    const isLarge = b.sx - a.sx > this.width - 2 * rim || b.sy - a.sy > this.height - 2 * rim;
    if (isLarge || (b.sx - a.sx < 12 * this.ratio && b.sy - a.sy < 12 * this.ratio)) {
      return this.setView(fitted(grown(box, 8), this.width, this.height, rim, Math.max(view.scale, 4 * this.ratio)));
    }
    const shift = (low: number, high: number, size: number) => (low < rim ? rim - low : high > size - rim ? size - rim - high : 0);
    const dx = shift(a.sx, b.sx, this.width), dy = shift(a.sy, b.sy, this.height);
    if (dx !== 0 || dy !== 0) this.moveBy(dx, dy);
  }

  screenPoint(event: { clientX: number; clientY: number }): ScreenPoint {
    const corner = this.host.getBoundingClientRect();
    return { sx: (event.clientX - corner.left) * this.ratio, sy: (event.clientY - corner.top) * this.ratio };
  }

  imagePoint(event: { clientX: number; clientY: number }): ImagePoint {
    return toImage(this.view.value, this.screenPoint(event));
  }

  /** Objects in a box have changed. */
  touch(box: Box): void {
    this.dirty = joined(this.dirty, box);
    this.needs.labels = true;
    this.schedule();
  }

  /** All objects look different. */
  repaint(): void {
    this.paintedView = null;
    this.redraw("labels");
  }

  redraw(layer: "image" | "labels" | "over"): void {
    this.needs[layer] = true;
    this.schedule();
  }

  private schedule(): void {
    if (this.scheduled === 0) this.scheduled = requestAnimationFrame(() => this.drawFrame());
  }

  private drawFrame(): void {
    this.scheduled = 0;
    const view = this.view.value;
    const { needs } = this;
    this.needs = { image: false, labels: false, over: false };
    if (needs.image) this.tiles.draw(this.layers[0], view);
    if (needs.labels) this.drawLabels(view);
    if (needs.over || needs.labels) {
      const context = this.layers[2];
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, this.width, this.height);
      if (this.image !== null) this.scene.drawOver(context, view);
    }
  }

  private drawLabels(view: View): void {
    const old = this.paintedView;
    const { canvas } = this.layers[1];
    clearTimeout(this.rest);
    if (this.image === null) {
      this.layers[1].clearRect(0, 0, this.width, this.height);
      return;
    }
    if (old !== null && old.scale !== view.scale && this.paintMs > SLOW_MS) {
      // Too many to paint at every step of zooming: show what there is, stretched, until it pauses.
      const factor = view.scale / old.scale;
      const left = (view.left - old.left * factor) / this.ratio, top = (view.top - old.top * factor) / this.ratio;
      canvas.style.transform = `translate(${left}px, ${top}px) scale(${factor})`;
      this.rest = setTimeout(() => this.repaint(), REST_MS);
      return;
    }
    canvas.style.transform = "";
    const whole: Box = [0, 0, this.width, this.height];
    if (old === null || old.scale !== view.scale) {
      const start = performance.now();
      this.paint(whole, view);
      this.paintMs = performance.now() - start;
    } else {
      const dx = view.left - old.left, dy = view.top - old.top;
      if (dx !== 0 || dy !== 0) this.scroll(dx, dy, view);
      if (this.dirty !== null) this.paint(this.screenBox(this.dirty, view), view);
    }
    this.dirty = null;
    this.paintedView = view;
  }

  /** Move what is painted, and paint the strips that come into view. */
  private scroll(dx: number, dy: number, view: View): void {
    const context = this.layers[1];
    const { width, height } = this;
    if (Math.abs(dx) >= width || Math.abs(dy) >= height) return this.paint([0, 0, width, height], view);
    context.globalCompositeOperation = "copy";
    context.drawImage(context.canvas, dx, dy);
    context.globalCompositeOperation = "source-over";
    if (dx !== 0) this.paint(dx > 0 ? [0, 0, dx + 2, height] : [width + dx - 2, 0, width, height], view);
    if (dy !== 0) this.paint(dy > 0 ? [0, 0, width, dy + 2] : [0, height + dy - 2, width, height], view);
  }

  private screenBox(box: Box, view: View): Box {
    const a = toScreen(view, { ix: box[0], iy: box[1] }), b = toScreen(view, { ix: box[2], iy: box[3] });
    return clipped([Math.floor(a.sx) - 3, Math.floor(a.sy) - 3, Math.ceil(b.sx) + 3, Math.ceil(b.sy) + 3], this.width, this.height);
  }

  private paint(rect: Box, view: View): void {
    if (isEmpty(rect) || this.image === null) return;
    const [x0, y0, x1, y1] = rect;
    const data = new ImageData(x1 - x0, y1 - y0);
    const seen = imageBox(view, x0 - 3, y0 - 3, x1 + 3, y1 + 3, this.image.width, this.image.height);
    if (!isEmpty(seen)) paintLabels(new Uint32Array(data.data.buffer), rect, view, this.scene.painted(seen));
    this.layers[1].putImageData(data, x0, y0);
  }

  private resize(): void {
    const width = Math.max(1, Math.round(this.host.clientWidth * this.ratio)), height = Math.max(1, Math.round(this.host.clientHeight * this.ratio));
    if (width === this.width && height === this.height) return;
    const wasFitted = this.isFitted;
    const dx = (width - this.width) / 2, dy = (height - this.height) / 2;
    for (const { canvas } of this.layers) [canvas.width, canvas.height] = [width, height];
    this.paintedView = null;
    if (wasFitted) this.fit();
    else this.moveBy(dx, dy);
  }
}

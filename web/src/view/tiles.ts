/** The image's tiles: fetched when they come into view, kept as long as there is room, the coarser shown until the finer is there. */

import { signal } from "@preact/signals";
import { type Box, imageBox, type View } from "./coordinates.ts";

interface Tile { bitmap: ImageBitmap | null; look: string; loading: AbortController | null; used: number; failed: number }

const AT_ONCE = 6;
const FEWEST_KEPT = 128; // tiles, 1 MB each
const RETRY_MS = 1000; // the server waits a while itself where a tile is not there yet

const PREPARE_MS = 1500;

/** The coarsest level that is sharp in a view. */
function levelOf(view: View, levels: number): number {
  return Math.min(levels - 1, Math.max(0, Math.floor(Math.log2(1 / view.scale) + 1e-9)));
}

export interface Tiled { readonly id: number; readonly width: number; readonly height: number; readonly levels: number; readonly tile: number }

export class Tiles {
  private tiles = new Map<string, Tile>();
  private prepared: { id: number; tiles: Map<string, Tile> } | null = null;
  private image: Tiled | null = null;
  private look = "";
  private loading = 0;
  private frame = 0;
  /** Tiles of the view that are not there yet, as of the last drawing. */
  missing = 0;
  /** In words, why they are not, where the server said it. */
  readonly waits = signal("");
  /** Called when there is something new to draw. */
  onArrival: () => void = () => {};

  open(image: Tiled | null): void {
    for (const tile of [...this.tiles.values(), ...(this.prepared?.id === image?.id ? [] : this.prepared?.tiles.values() ?? [])]) {
      tile.loading?.abort();
      tile.bitmap?.close();
    }
    this.tiles = this.prepared !== null && this.prepared.id === image?.id ? this.prepared.tiles : new Map();
    this.prepared = null;
    this.image = image;
    this.waits.value = "";
  }

  /** Fetch the tiles of another image of this size that will be in view, until it is opened; what takes long is left to come later. */
  async prepare(image: Tiled, view: View, width: number, height: number): Promise<void> {
    const level = levelOf(view, image.levels), tiles = new Map<string, Tile>(), limit = AbortSignal.timeout(PREPARE_MS), { look } = this;
    const seen = imageBox(view, 0, 0, width, height, image.width, image.height);
    await Promise.all([...this.inView(seen, level)].map(async ([x, y]) => {
      const key = `${level}/${x}/${y}`;
      const bitmap = await this.fetch(image.id, key, look, limit).catch(() => null);
      if (bitmap !== null) tiles.set(key, { bitmap, look, loading: null, used: this.frame, failed: -RETRY_MS });
    }));
    for (const tile of this.prepared?.tiles.values() ?? []) tile.bitmap?.close();
    this.prepared = { id: image.id, tiles };
  }

  /** Channels, contrast and gamma, as a part of the tiles' address. */
  setLook(look: string): void {
    this.look = look;
  }

  draw(context: CanvasRenderingContext2D, view: View): void {
    const { image } = this;
    const { width, height } = context.canvas;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    if (image === null) return;
    this.frame++;
    const seen = imageBox(view, 0, 0, width, height, image.width, image.height);
    context.save();
    context.beginPath();
    const x0 = Math.round(view.left), y0 = Math.round(view.top);
    context.rect(x0, y0, Math.round(image.width * view.scale + view.left) - x0, Math.round(image.height * view.scale + view.top) - y0);
    context.clip();
    context.imageSmoothingEnabled = view.scale < 1;
    context.imageSmoothingQuality = "medium";
    const coarsest = image.levels - 1;
    const level = levelOf(view, image.levels);
    const wanted: { key: string; distance: number }[] = [{ key: `${coarsest}/0/0`, distance: -1 }];
    let missing = 0;
    for (const [x, y] of this.inView(seen, level)) {
      const key = `${level}/${x}/${y}`;
      const tile = this.tiles.get(key);
      if (tile?.bitmap) {
        tile.used = this.frame;
        this.put(context, view, level, x, y, tile.bitmap, null);
      } else this.putCoarser(context, view, level, x, y, coarsest);
      if (!tile?.bitmap || tile.look !== this.look) {
        missing++;
        const size = image.tile * 2 ** level;
        wanted.push({ key, distance: Math.hypot((x + 0.5) * size - (seen[0] + seen[2]) / 2, (y + 0.5) * size - (seen[1] + seen[3]) / 2) });
      }
    }
    context.restore();
    this.request(wanted);
    this.forget(wanted.length + 1);
    this.missing = missing;
    if (missing === 0) this.waits.value = "";
  }

  /** The shown colours of a box of the image at full resolution, fetched where they are not there. */
  async colors(box: Box): Promise<Uint8ClampedArray | null> {
    const { image } = this;
    if (image === null) return null;
    const canvas = new OffscreenCanvas(box[2] - box[0], box[3] - box[1]);
    const context = canvas.getContext("2d", { willReadFrequently: true }) as OffscreenCanvasRenderingContext2D;
    await Promise.all([...this.inView(box, 0)].map(async ([x, y]) => {
      const key = `0/${x}/${y}`;
      const bitmap = this.tiles.get(key)?.bitmap ?? (await this.fetch(image.id, key, this.look, new AbortController().signal));
      context.drawImage(bitmap, x * image.tile - box[0], y * image.tile - box[1]);
    }));
    return context.getImageData(0, 0, canvas.width, canvas.height).data;
  }

  private *inView(box: Box, level: number): Generator<[number, number]> {
    const size = (this.image as Tiled).tile * 2 ** level;
    for (let y = Math.floor(box[1] / size); y * size < box[3]; y++) for (let x = Math.floor(box[0] / size); x * size < box[2]; x++) yield [x, y];
  }

  private put(context: CanvasRenderingContext2D, view: View, level: number, x: number, y: number, bitmap: ImageBitmap, part: Box | null): void {
    const size = (this.image as Tiled).tile, factor = 2 ** level;
    const [a, b, c, d] = part ?? [0, 0, bitmap.width, bitmap.height];
    const left = Math.round((x * size + a) * factor * view.scale + view.left), top = Math.round((y * size + b) * factor * view.scale + view.top);
    const right = Math.round((x * size + c) * factor * view.scale + view.left), bottom = Math.round((y * size + d) * factor * view.scale + view.top);
    context.drawImage(bitmap, a, b, c - a, d - b, left, top, right - left, bottom - top);
  }

  private putCoarser(context: CanvasRenderingContext2D, view: View, level: number, x: number, y: number, coarsest: number): void {
    const size = (this.image as Tiled).tile;
    for (let coarser = level + 1; coarser <= coarsest; coarser++) {
      const factor = 2 ** (coarser - level);
      const cx = Math.floor(x / factor), cy = Math.floor(y / factor);
      const bitmap = this.tiles.get(`${coarser}/${cx}/${cy}`)?.bitmap;
      if (!bitmap) continue;
      const part = size / factor;
      const a = (x % factor) * part, b = (y % factor) * part;
      const c = Math.min(bitmap.width, a + part), d = Math.min(bitmap.height, b + part);
      if (c > a && d > b) this.put(context, view, coarser, cx, cy, bitmap, [a, b, c, d]);
      return;
    }
  }

  private request(wanted: { key: string; distance: number }[]): void {
    const now = performance.now();
    const keys = new Set(wanted.map((one) => one.key));
    for (const [key, tile] of this.tiles) if (tile.loading && !keys.has(key)) tile.loading.abort();
    for (const { key } of wanted.sort((a, b) => a.distance - b.distance)) {
      if (this.loading >= AT_ONCE) return;
      const tile = this.tiles.get(key) ?? { bitmap: null, look: "", loading: null, used: this.frame, failed: -RETRY_MS };
      if (tile.loading || (tile.bitmap && tile.look === this.look) || now - tile.failed < RETRY_MS) continue;
      this.tiles.set(key, tile);
      void this.load(key, tile);
    }
  }

  private async load(key: string, tile: Tile): Promise<void> {
    const image = this.image as Tiled, look = this.look, control = new AbortController();
    tile.loading = control;
    this.loading++;
    try {
      const bitmap = await this.fetch(image.id, key, look, control.signal);
      if (control.signal.aborted || this.tiles.get(key) !== tile) return bitmap.close();
      tile.bitmap?.close();
      tile.bitmap = bitmap;
      tile.look = look;
    } catch (error) {
      if (!control.signal.aborted) {
        tile.failed = performance.now();
        if (this.image === image) this.waits.value = error instanceof Error ? error.message : String(error);
        setTimeout(() => this.onArrival(), RETRY_MS);
      }
    } finally {
      tile.loading = null;
      this.loading--;
      this.onArrival();
    }
  }

  private async fetch(id: number, key: string, look: string, signal: AbortSignal): Promise<ImageBitmap> {
    const answer = await fetch(`/api/images/${id}/tiles/${key}${look}`, { signal });
    if (!answer.ok) throw new Error(((await answer.json().catch(() => ({}))) as { error?: string }).error ?? `The server answered ${answer.status}.`);
    return createImageBitmap(await answer.blob(), { premultiplyAlpha: "none", colorSpaceConversion: "none" });
  }

  private forget(inView: number): void {
    const most = Math.max(FEWEST_KEPT, 2 * inView);
    if (this.tiles.size <= most) return;
    const old = [...this.tiles].filter(([, tile]) => !tile.loading && tile.used < this.frame - 1).sort((a, b) => a[1].used - b[1].used);
    for (const [key, tile] of old.slice(0, this.tiles.size - most)) {
      tile.bitmap?.close();
      this.tiles.delete(key);
    }
  }
}

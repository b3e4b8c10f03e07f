/** From sliders to the part of a tile's address that says how values become shades. */

import { brightness, channels, contrast, gamma, image } from "./state.ts";

/** The values shown black and white. Contrast narrows what is shown up to a sixteenth, or widens it up to four times; brightness moves it. */
export function shownRange(low: number, high: number, bright: number, strong: number): [number, number] {
  const half = ((high - low) / 2) * 2 ** (-strong * (strong > 0 ? 4 : 2));
  const middle = (low + high) / 2 - bright * (high - low) * 0.5;
  return [middle - half, middle + half];
}

export function lookOf(): string {
  const info = image.value;
  const parts: string[] = [];
  if (channels.value !== null) parts.push(`channels=${channels.value.join()}`);
  if (brightness.value !== 0 || contrast.value !== 0) {
    const count = info?.channels ?? 1;
    const shown = channels.value ?? Array.from({ length: Math.min(count, count === 2 ? 2 : 3) }, (_, i) => i);
    const ranges = shown.map((i) => {
      const [low, high] = (info?.dtype === "uint8" ? null : info?.range?.[i]) ?? [0, 255];
      return shownRange(low, high, brightness.value, contrast.value);
    });
    const number = (value: number) => Number(value.toPrecision(6));
    parts.push(`low=${ranges.map(([low]) => number(low)).join()}`, `high=${ranges.map(([, high]) => number(high)).join()}`);
  }
  if (gamma.value !== 1) parts.push(`gamma=${gamma.value}`);
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}

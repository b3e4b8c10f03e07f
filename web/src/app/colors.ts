/** Colours of objects: that of their class, or one of their own. All sets can be told apart by the colour-blind (Paul Tol, Okabe and Ito). */

import type { ClassInfo } from "../data/protocol.ts";

export type Color = readonly [number, number, number];

export const LEFT_OUT: Color = [150, 150, 150];
const OWN: readonly Color[] = [
  [230, 159, 0], [86, 180, 233], [0, 158, 115], [240, 228, 66], [0, 114, 178], [213, 94, 0], [204, 121, 167],
  [136, 204, 238], [68, 170, 153], [153, 153, 51], [221, 204, 119], [204, 102, 119],
];

/** A colour for an object that stays the same wherever it is in the list. */
export function ownColor(id: string): Color {
  let hash = 2166136261;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 16777619);
  return OWN[(hash >>> 8) % OWN.length];
}

export function classColor(classes: readonly ClassInfo[], id: number | null): Color {
  return classes.find((one) => one.id === id)?.color ?? LEFT_OUT;
}

export function css([red, green, blue]: Color): string {
  return `rgb(${red} ${green} ${blue})`;
}

export function toHex(color: Color): string {
  return `#${color.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

export function fromHex(text: string): [number, number, number] {
  return [1, 3, 5].map((start) => parseInt(text.slice(start, start + 2), 16)) as [number, number, number];
}

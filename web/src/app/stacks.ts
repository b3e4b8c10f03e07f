/** From plane to plane of a stack: as fast as they can be had, at the same zoom and position. */

import { placesOf, planeAt } from "../editing/planes.ts";
import { image, list, order, place, stateFilter } from "./state.ts";
import { openImage } from "./studio.ts";

let wanted: number | null = null;
let isGoing = false;

/** The axis that a command steps along: the slices, or whatever there is where there are none; null where there is no such axis. */
export function axisOf(kind: "plane" | "time"): number | null {
  const axes = image.value?.planes?.axes ?? [];
  if (kind === "time") return axes.length > 1 ? axes.findIndex((axis) => axis.name === "t") : null;
  return axes.length === 0 ? null : axes.length > 1 ? axes.findIndex((axis) => axis.name !== "t") : 0;
}

/** Whether there is a plane on this side of the open one. */
export function canStep(kind: "plane" | "time", by: 1 | -1): boolean {
  const now = image.value, axis = axisOf(kind);
  if (now === null || !now.planes || axis === null) return false;
  const at = placesOf(now.planes, now.id)[axis] + by;
  return at >= 0 && at < now.planes.axes[axis].length;
}

/** One plane on, from where one is or is on the way to. */
export function step(kind: "plane" | "time", by: 1 | -1): void {
  const now = image.value, axis = axisOf(kind);
  if (now === null || !now.planes || axis === null) return;
  const from = wanted ?? now.id;
  void go(planeAt(now.planes, from, axis, placesOf(now.planes, from)[axis] + by));
}

export function goTo(axis: number, at: number): void {
  const now = image.value;
  if (now?.planes) void go(planeAt(now.planes, wanted ?? now.id, axis, at));
}

/** Open a plane. While one is being opened only the last that was asked for is remembered, so that a held key never lags behind. */
async function go(id: number): Promise<void> {
  wanted = id;
  if (isGoing) return;
  isGoing = true;
  try {
    while (wanted !== image.value?.id) {
      const next: number = wanted;
      follow(next);
      await openImage(next);
      if (image.value?.id !== next) return; // another image was opened, or none could be
    }
  } finally {
    isGoing = false;
    wanted = null;
  }
}

/** Where the plane stands in the list, if it does. */
function follow(id: number): void {
  const now = image.value;
  const at = list.value.images.findIndex((one) => one?.id === id);
  if (at >= 0) place.value = at;
  else if (now?.planes && order.value === "name" && stateFilter.value === "") place.value += now.planes.images.indexOf(id) - now.planes.images.indexOf(now.id);
}

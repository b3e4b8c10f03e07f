/** The planes of a stack: where one lies on the axes, and which comes after it. */

export interface Axis { readonly name: string; readonly length: number }

/** axes: the slowest first. images: the ids of all planes, in their order. */
export interface Planes { readonly axes: readonly Axis[]; readonly images: readonly number[] }

/** Whether there is more than one plane to go through. */
export function isStack(planes: Planes | null | undefined): planes is Planes {
  return planes != null && planes.images.length > 1;
}

/** Where a plane lies on each axis. */
export function placesOf(planes: Planes, id: number): number[] {
  let rest = planes.images.indexOf(id);
  const places: number[] = [];
  for (const { length } of [...planes.axes].reverse()) {
    places.unshift(rest % length);
    rest = Math.floor(rest / length);
  }
  return places;
}

/** The plane at a place of an axis, on the others where `id` is; the last there is where that is beyond it. */
export function planeAt(planes: Planes, id: number, axis: number, place: number): number {
  const places = placesOf(planes, id);
  places[axis] = Math.min(planes.axes[axis].length - 1, Math.max(0, place));
  return planes.images[places.reduce((at, one, i) => at * planes.axes[i].length + one, 0)];
}

/** The plane before one: along the fastest axis, at its beginning along the next slower one. Null for the first of all. */
export function planeBefore(planes: Planes, id: number): number | null {
  const places = placesOf(planes, id);
  for (let axis = places.length - 1; axis >= 0; axis--) if (places[axis] > 0) return planeAt(planes, id, axis, places[axis] - 1);
  return null;
}

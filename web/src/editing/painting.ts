/** From painted pixels to an edit: where they go, and what they do to other objects. */

import type { Overlap } from "../app/state.ts";
import type { ClassInfo } from "../data/protocol.ts";
import type { Item, ObjectStore, Wanted } from "./objects.ts";
import { boxOf, common, isNone, minus, type Spans } from "./spans.ts";

export interface Target { readonly id: string; readonly item: Item | null; readonly classId: number | null }

/**
 * The changes that adding pixels to an object means. Locked objects keep their pixels unless sharing is allowed; regions of stuff never
 * share pixels with each other.
 */
export function additions(objects: ObjectStore, target: Target, add: Spans, overlap: Overlap, classes: readonly ClassInfo[]): { changes: Wanted[]; takes: boolean } {
  const isStuff = (id: number | null) => classes.find((one) => one.id === id)?.kind === "stuff";
  const changes: Wanted[] = [];
  let rest = add;
  for (const item of objects.inBox(boxOf(add))) {
    if (item.id === target.id) continue;
    const both = isStuff(target.classId) && isStuff(item.class_id);
    const rule = overlap === "share" && both ? "take" : overlap;
    if (rule === "share") continue;
    const shared = common(item.spans, rest);
    if (isNone(shared)) continue;
    if (rule === "leave" || item.locked) rest = minus(rest, shared);
    else changes.push({ object: item.id, remove: shared });
  }
  if (isNone(rest)) return { changes: [], takes: false };
  const set = target.item === null ? { class_id: target.classId } : undefined;
  return { changes: [{ object: target.id, set, add: rest }, ...changes], takes: changes.length > 0 };
}

/** What a person does to objects, whichever tool, key or button it came from. */

import { api } from "../data/api.ts";
import type { Wanted } from "../editing/objects.ts";
import { additions, type Target } from "../editing/painting.ts";
import { type Applied, type How, newId, type Proposal } from "../editing/session.ts";
import * as shapes from "../editing/shapes.ts";
import { fromWire } from "../editing/runs.ts";
import { planeBefore } from "../editing/planes.ts";
import { areaOf, areEqual, isNone, minus, onImage, type Spans } from "../editing/spans.ts";
import { grown, joined, type Box } from "../view/coordinates.ts";
import {
  assistant, attempt, classId, currentProposal, hidden, image, isProposing, list, overlap, place, preview, project, type Preview, say, selectedItems,
  selection, session, shownProposals, viewer,
} from "./state.ts";
import { noteCost } from "./studio.ts";

/** Do changes as one step. What came of them; null where it cannot be done, which is said. */
export function commit(changes: readonly Wanted[], how: How): Applied[] | null {
  const open = session.value;
  if (open === null || changes.length === 0) return null;
  return attempt(() => {
    const applied = open.commit(changes, how);
    noteCost(applied, open.lastSpent.seconds);
    return applied;
  });
}

/** Show what a tool is about to make; null shows nothing. `changed`: where it differs from what was shown before. */
export function plan(next: Preview | null, changed: Box): void {
  preview.value = next;
  viewer.value?.touch(grown(changed, 2));
}

/** What painting goes to: the one selected object, the region of the stuff that is painted, or a new object. */
export function target(): Target {
  const [only, ...more] = selectedItems.value;
  if (only !== undefined && more.length === 0) return { id: only.id, item: only, classId: only.class_id };
  const open = session.value;
  if (open !== null && project.value?.classes.find((one) => one.id === classId.value)?.kind === "stuff") {
    const region = open.objects.all().find((item) => item.class_id === classId.value && !item.locked);
    if (region !== undefined) return { id: region.id, item: region, classId: region.class_id };
  }
  return { id: newId(), item: null, classId: classId.value };
}

/** Add painted pixels to an object, which is selected then so that the next stroke goes on with it. */
export function addPixels(to: Target, pixels: Spans, tool: string, by: string | null = null): void {
  const open = session.value;
  if (open === null || isNone(pixels)) return;
  if (to.item?.locked) return say("This object is locked. Unlock it first (L).", true);
  const { changes, takes } = additions(open.objects, to, pixels, overlap.value, project.value?.classes ?? []);
  if (changes.length === 0) return say("All of that belongs to other objects, which keep their pixels.", true);
  if (commit(changes, { tool, assistant: by, exclusive: takes }) !== null) select([to.id]);
}

export function removePixels(from: Target, pixels: Spans, tool: string): void {
  if (from.item === null || isNone(pixels)) return;
  commit([{ object: from.id, remove: pixels }], { tool });
  keepSelected();
}

export function select(ids: Iterable<string>): void {
  const before = selectedItems.value;
  selection.value = new Set(ids);
  for (const item of [...before, ...selectedItems.value]) viewer.value?.touch(grown(item.box, 2));
}

/** Objects that are gone are not selected any more. */
export function keepSelected(): void {
  const open = session.value;
  select([...selection.value].filter((id) => open?.objects.get(id) !== undefined));
}

export function step(which: "undo" | "redo"): void {
  session.value?.[which]();
  keepSelected();
}

export function remove(): void {
  const items = selectedItems.value;
  if (commit(items.map((item) => ({ object: item.id, delete: true })), { tool: "delete" }) !== null) select([]);
}

export function merge(): void {
  const items = [...selectedItems.value].sort((a, b) => b.area - a.area);
  if (items.length < 2) return say("Select two objects or more to merge: hold Shift and click them.", true);
  const [first, ...rest] = items;
  const whole = shapes.merged(items.map((item) => item.spans));
  commit([{ object: first.id, mask: whole }, ...rest.map((item) => ({ object: item.id, delete: true }))], { tool: "merge" });
  select([first.id]);
}

/** Change the shape of every selected object. */
export function reshape(tool: string, change: (spans: Spans, height: number) => Spans): void {
  const open = session.value;
  if (open === null) return;
  if (selectedItems.value.length === 0) return say("Select an object first.", true);
  attempt(() => {
    const changes: Wanted[] = [];
    for (const item of selectedItems.value) {
      const mask = change(item.spans, open.objects.height);
      if (isNone(mask)) throw new Error("Nothing would be left of the object.");
      if (!areEqual(mask, item.spans)) changes.push({ object: item.id, mask });
    }
    if (changes.length === 0) say("There is nothing to change.");
    else commit(changes, { tool });
  });
}

/** Each piece of the selected objects becomes an object. */
export function separate(): void {
  const changes: Wanted[] = [];
  for (const item of selectedItems.value) {
    const [, ...rest] = shapes.separated(item.spans);
    if (rest.length > 0) changes.push({ object: item.id, remove: shapes.merged(rest) });
    for (const part of rest) changes.push({ object: newId(), set: { class_id: item.class_id }, mask: part });
  }
  if (changes.length === 0) return say("The object has only one piece. Draw a line across it with the knife (K).", true);
  commit(changes, { tool: "separate" });
}

/** Cut objects along a line: the selected ones, or all that it crosses. */
export function cutAlong(line: Spans): void {
  const open = session.value;
  if (open === null) return;
  attempt(() => {
    const changes: Wanted[] = [];
    const made: string[] = [];
    const items = selectedItems.value.length > 0 ? selectedItems.value : open.objects.all();
    for (const item of items) {
      const parts = shapes.cut(item.spans, line);
      if (parts === null) continue;
      changes.push({ object: item.id, remove: minus(item.spans, parts[0]) });
      made.push(item.id);
      for (const part of parts.slice(1)) {
        made.push(newId());
        changes.push({ object: made[made.length - 1], set: { class_id: item.class_id }, mask: part });
      }
    }
    if (changes.length === 0) throw new Error("The line cuts no object in two. Begin and end it outside of the object.");
    if (commit(changes, { tool: "split" }) !== null) select(made);
  });
}

/** Choose the class of what is drawn next, and give it to what is selected. */
export function chooseClass(id: number | null): void {
  classId.value = id;
  const changes = selectedItems.value.filter((item) => item.class_id !== id && !item.locked);
  if (changes.length > 0) commit(changes.map((item) => ({ object: item.id, set: { class_id: id } })), { tool: "class" });
  viewer.value?.repaint();
}

export function toggleLock(items = selectedItems.value): void {
  if (items.length === 0) return say("Select an object first.", true);
  const locked = !items.every((item) => item.locked);
  commit(items.filter((item) => item.locked !== locked).map((item) => ({ object: item.id, set: { locked } })), { tool: "lock" });
}

export function toggleHidden(ids: Iterable<string> = selection.value): void {
  const next = new Set(hidden.value);
  for (const id of ids) if (!next.delete(id)) next.add(id);
  hidden.value = next;
  viewer.value?.repaint();
}

/** Put selected objects on top of all others, or below. */
export function restack(by: 1 | -1): void {
  commit(selectedItems.value.map((item) => ({ object: item.id, set: { layer: item.layer + by } })), { tool: "order" });
}

export function selectNext(by: 1 | -1): void {
  const all = session.value?.objects.all() ?? [];
  if (all.length === 0) return;
  const [first] = selection.value;
  const at = all.findIndex((item) => item.id === first);
  const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : (at + by + all.length) % all.length];
  select([next.id]);
  viewer.value?.show(next.box);
}

/** The objects of the plane before this one in the stack, else of the image before it in the list, as new ones. */
export async function copyPrevious(): Promise<void> {
  const open = session.value, planes = image.value?.planes ?? null;
  if (open === null) return;
  const plane = planes === null ? null : planeBefore(planes, open.info.id);
  if (planes !== null && plane === null) return say("This is the first plane of the stack.", true);
  const listed = list.value.images[place.value - 1];
  const before = plane === null ? listed : { id: plane, size_hw: open.info.size_hw, name: "the plane before" };
  if (before === undefined || before.size_hw === null) return say("There is no image before this one that was labelled.", true);
  const width = before.size_hw[1];
  const { objects } = await api.objects(before.id);
  if (session.value !== open) return;
  const changes = objects
    .map((object) => ({ object: newId(), set: { class_id: object.class_id }, mask: onImage(fromWire(object, width), open.objects.width, open.objects.height) }))
    .filter((change) => areaOf(change.mask) > 0);
  if (changes.length === 0) return say(`${plane === null ? "The image" : "The plane"} before this one has no objects.`, true);
  commit(changes, { tool: "copy" });
  say(`${changes.length} objects copied from ${before.name}.`);
}

export function decide(accept: readonly Proposal[], reject: readonly Proposal[]): void {
  const open = session.value;
  if (open === null || accept.length + reject.length === 0) return;
  const before = shownProposals.value;
  const index = Math.max(0, before.findIndex((one) => one.id === currentProposal.value));
  attempt(() => {
    const made = open.decide(accept, reject, classId.value);
    noteCost(made.map((id) => ({ object: id, before: null, after: open.objects.get(id) ?? null })), open.lastSpent.seconds);
    const left = shownProposals.value;
    currentProposal.value = left.length > 0 ? left[Math.min(index, left.length - 1)].id : null;
    let box: Box | null = null;
    for (const one of [...accept, ...reject]) box = joined(box, one.box);
    viewer.value?.touch(grown(box as Box, 3));
    showCurrent();
    if (accept.length > 1) say(`${accept.length} objects accepted.`);
  });
}

export function current(): Proposal | null {
  return shownProposals.value.find((one) => one.id === currentProposal.value) ?? null;
}

export function nextProposal(by: 1 | -1): void {
  const shown = shownProposals.value;
  if (shown.length === 0) return;
  const at = shown.findIndex((one) => one.id === currentProposal.value);
  currentProposal.value = shown[at < 0 ? 0 : (at + by + shown.length) % shown.length].id;
  showCurrent();
  viewer.value?.repaint();
}

function showCurrent(): void {
  const one = current();
  if (one === null) return;
  viewer.value?.show(one.box);
  viewer.value?.touch(grown(one.box, 3));
}

/** Ask the assistant for every object of the image. */
export async function propose(): Promise<void> {
  const open = session.value, now = image.value;
  if (open === null || now === null || isProposing.value) return;
  isProposing.value = true;
  try {
    const { ids } = await api.propose(now.id, classId.value, assistant.value);
    if (session.value === open) await open.loadProposals();
    viewer.value?.repaint();
    say(ids.length > 0 ? `${ids.length} objects proposed. Accept them with A, all at once with Shift+A.` : "No objects were found.");
  } catch (error) {
    say(error instanceof Error ? error.message : String(error), true);
  } finally {
    isProposing.value = false;
  }
}

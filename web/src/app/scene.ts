/** What the canvas shows of the state: objects, proposals, what a tool is about to make, and the pointer. */

import type { ClassInfo } from "../data/protocol.ts";
import type { Item } from "../editing/objects.ts";
import { boxOf } from "../editing/spans.ts";
import { tools } from "../tools/table.ts";
import { type Box, meets, toScreen, type View } from "../view/coordinates.ts";
import type { Mark, Painted } from "../view/labels.ts";
import { classColor, ownColor } from "./colors.ts";
import {
  colorBy, currentProposal, hidden, hiddenClasses, opacity, outlineOnly, pointer, preview, project, selection, session, shownProposals, showLabels, tool,
} from "./state.ts";

const STUFF_SHARE = 0.8; // of the opacity of things
const PROPOSED_SHARE = 0.4;

export function painted(box: Box): Painted[] {
  const open = session.value;
  if (open === null || !showLabels.value) return [];
  const classes = project.value?.classes ?? [];
  const shown: Painted[] = [];
  const marked: Painted[] = [];
  const planned = preview.value;
  for (const item of open.objects.inBox(box)) {
    if (item.id === planned?.replaces || hidden.value.has(item.id) || hiddenClasses.value.has(item.class_id)) continue;
    const isSelected = selection.value.has(item.id);
    (isSelected ? marked : shown).push(look(item, classes, isSelected ? "selected" : item.locked ? "locked" : "plain"));
  }
  for (const one of shownProposals.value) {
    if (!meets(one.box, box)) continue;
    const isCurrent = one.id === currentProposal.value;
    const share = outlineOnly.value ? 0 : opacity.value * PROPOSED_SHARE;
    (isCurrent ? marked : shown).push({
      spans: one.spans, box: one.box, color: classColor(classes, one.class_id), opacity: share, mark: isCurrent ? "current" : "dashed",
    });
  }
  if (planned !== null) {
    const own = colorBy.value === "object" && planned.replaces !== null ? ownColor(planned.replaces) : classColor(classes, planned.classId);
    marked.push({ spans: planned.spans, box: boxOf(planned.spans), color: own, opacity: outlineOnly.value ? 0 : Math.max(0.25, opacity.value), mark: planned.mark });
  }
  return [...shown, ...marked];
}

function look(item: Item, classes: readonly ClassInfo[], mark: Mark): Painted {
  const isStuff = classes.find((one) => one.id === item.class_id)?.kind === "stuff";
  const color = colorBy.value === "object" && !isStuff ? ownColor(item.id) : classColor(classes, item.class_id);
  const fill = outlineOnly.value ? 0 : opacity.value * (isStuff ? STUFF_SHARE : 1);
  return { spans: item.spans, box: item.box, color, opacity: fill, mark: item.class_id === null && mark === "plain" ? "ignored" : mark };
}

export function drawOver(context: CanvasRenderingContext2D, view: View): void {
  tools[tool.value].drawOver?.(context, view);
  const at = pointer.value;
  if (at?.byKeys) crosshair(context, toScreen(view, at.at));
}

function crosshair(context: CanvasRenderingContext2D, { sx, sy }: { sx: number; sy: number }): void {
  for (const [color, width] of [["#000", 4], ["#fff", 2]] as const) {
    context.strokeStyle = color;
    context.lineWidth = width;
    context.beginPath();
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      context.moveTo(sx + 5 * dx, sy + 5 * dy);
      context.lineTo(sx + 16 * dx, sy + 16 * dy);
    }
    context.stroke();
  }
}

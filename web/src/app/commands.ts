/** Every command of the page, once: buttons, keys, the sheet of keys, the search and the tests all come from this table. */

import * as shapes from "../editing/shapes.ts";
import { chooseAnswer } from "../tools/click.ts";
import * as doing from "./doing.ts";
import { nudge, pressByKey } from "./input.ts";
import { choose, currentTool } from "./modes.ts";
import {
  brushSize, clicking, currentProposal, dialog, hidden, hiddenClasses, keymap, list, opacity, outlineOnly, overlap, place, pointer, project, selection,
  session, shownProposals, showLabels, theme, tolerance, tool, type ToolId, viewer, colorBy,
} from "./state.ts";
import { canStep, step } from "./stacks.ts";
import { openPlace, setState } from "./studio.ts";

export interface Command {
  readonly id: string;
  readonly title: string;
  readonly group: "Tools" | "Masks" | "Proposals" | "Shape" | "Objects" | "Images" | "Stacks" | "View" | "Keyboard pointer" | "Page";
  /** As in `keyName`; the first is shown on buttons. */
  readonly keys: readonly string[];
  readonly icon?: string;
  /** Only while the canvas has the focus, since elsewhere these keys mean something else. */
  readonly onCanvas?: boolean;
  readonly isPossible?: () => boolean;
  run(): void;
}

const hasSelection = () => selection.value.size > 0;
const isOpen = () => session.value !== null;
const hasProposal = () => doing.current() !== null;

const tool_ = (id: ToolId, title: string, key: string): Command => ({ id: `tool-${id}`, title, group: "Tools", keys: [key], icon: id, run: () => choose(id) });
const shape = (id: string, title: string, keys: string[], change: Parameters<typeof doing.reshape>[1]): Command => ({
  id, title, group: "Shape", keys, icon: id, isPossible: hasSelection, run: () => doing.reshape(id, change),
});
const resized = (by: 1 | -1) => {
  if (tool.value === "wand") tolerance.value = Math.min(255, Math.max(0, tolerance.value + 4 * by));
  else brushSize.value = Math.min(500, Math.max(1, Math.round(by > 0 ? Math.max(brushSize.value + 1, brushSize.value * 1.2) : Math.min(brushSize.value - 1, brushSize.value / 1.2))));
  viewer.value?.redraw("over");
};
const zoomBy = (factor: number) => viewer.value?.zoomTo(viewer.value.view.value.scale * factor);

function finish(): void {
  if (currentTool().finish()) return;
  if (hasProposal()) return doing.decide([doing.current() as NonNullable<ReturnType<typeof doing.current>>], []);
  doing.select([]);
}

function escape(): void {
  if (currentTool().cancel()) return;
  if (currentProposal.value !== null) {
    currentProposal.value = null;
    viewer.value?.repaint();
  } else if (pointer.value?.byKeys) pointer.value = null;
  else doing.select([]);
  viewer.value?.redraw("over");
}

function undo(): void {
  if (!currentTool().stepBack()) doing.step("undo");
}

export const commands: readonly Command[] = [
  tool_("click", "Click to mask", "c"),
  tool_("brush", "Brush", "b"),
  tool_("eraser", "Eraser", "e"),
  tool_("polygon", "Polygon", "p"),
  tool_("wand", "Magic wand", "w"),
  tool_("split", "Knife: cut in two", "k"),
  tool_("select", "Select", "v"),
  tool_("hand", "Move the image", "h"),
  { id: "smaller-brush", title: "Smaller brush, or less tolerance", group: "Tools", keys: ["["], run: () => resized(-1) },
  { id: "larger-brush", title: "Larger brush, or more tolerance", group: "Tools", keys: ["]"], run: () => resized(1) },
  {
    id: "overlap", title: "Painting shares, takes or leaves the pixels of others", group: "Tools", keys: ["Shift+o"],
    run: () => (overlap.value = overlap.value === "share" ? "take" : overlap.value === "take" ? "leave" : "share"),
  },

  { id: "finish", title: "Accept the mask, close the polygon, end the object", group: "Masks", keys: ["Enter"], onCanvas: true, isPossible: isOpen, run: finish },
  { id: "cancel", title: "Drop what is in the making; select nothing", group: "Masks", keys: ["Escape"], run: escape },
  { id: "next-answer", title: "Next answer to the same clicks, or next proposal", group: "Masks", keys: ["."], run: () => void (chooseAnswer(1) || doing.nextProposal(1)) },
  { id: "previous-answer", title: "Previous answer, or previous proposal", group: "Masks", keys: [","], run: () => void (chooseAnswer(-1) || doing.nextProposal(-1)) },
  { id: "new-object", title: "Begin a new object", group: "Masks", keys: ["n"], run: () => void (currentTool().finish() || doing.select([])) },
  { id: "undo", title: "Undo", group: "Masks", keys: ["Ctrl+z"], icon: "undo", isPossible: () => clicking.value !== null || session.value?.canUndo.value === true, run: undo },
  { id: "redo", title: "Redo", group: "Masks", keys: ["Ctrl+Shift+z", "Ctrl+y"], icon: "redo", isPossible: () => session.value?.canRedo.value === true, run: () => doing.step("redo") },

  { id: "propose", title: "Propose all objects", group: "Proposals", keys: ["Shift+p"], icon: "propose", isPossible: isOpen, run: () => void doing.propose() },
  { id: "accept", title: "Accept the proposal", group: "Proposals", keys: ["a"], icon: "accept", isPossible: hasProposal, run: () => doing.decide([doing.current() as never], []) },
  { id: "reject", title: "Reject the proposal", group: "Proposals", keys: ["x"], icon: "reject", isPossible: hasProposal, run: () => doing.decide([], [doing.current() as never]) },
  {
    id: "accept-all", title: "Accept all proposals that are shown", group: "Proposals", keys: ["Shift+a"], icon: "accept-all",
    isPossible: () => shownProposals.value.length > 0, run: () => doing.decide(shownProposals.value, []),
  },
  {
    id: "reject-rest", title: "Reject all proposals that are left", group: "Proposals", keys: ["Shift+x"],
    isPossible: () => (session.value?.proposals.value.length ?? 0) > 0, run: () => doing.decide([], session.value?.proposals.value ?? []),
  },

  shape("fill-holes", "Fill holes", ["f"], shapes.filled),
  shape("largest-piece", "Keep the largest piece", ["Shift+f"], shapes.largestPiece),
  shape("smooth", "Smooth the outline", ["s"], shapes.smoothed),
  shape("grow", "Larger by a pixel", ["Shift+g"], shapes.larger),
  shape("shrink", "Smaller by a pixel", ["g"], shapes.smaller),
  { id: "merge", title: "Merge the selected objects", group: "Shape", keys: ["m"], icon: "merge", isPossible: () => selection.value.size > 1, run: doing.merge },
  { id: "separate", title: "Make each piece an object", group: "Shape", keys: ["Shift+k"], icon: "separate", isPossible: hasSelection, run: doing.separate },

  { id: "delete", title: "Delete", group: "Objects", keys: ["Delete", "Backspace"], icon: "delete", isPossible: () => hasSelection() || clicking.value !== null, run: () => void (currentTool().stepBack() || doing.remove()) },
  { id: "select-all", title: "Select all objects", group: "Objects", keys: ["Ctrl+a"], isPossible: isOpen, run: () => doing.select((session.value?.objects.all() ?? []).map((item) => item.id)) },
  { id: "next-object", title: "Next object", group: "Objects", keys: ["j"], run: () => doing.selectNext(1) },
  { id: "previous-object", title: "Previous object", group: "Objects", keys: ["Shift+j"], run: () => doing.selectNext(-1) },
  { id: "lock", title: "Lock or unlock", group: "Objects", keys: ["l"], icon: "lock", isPossible: hasSelection, run: () => doing.toggleLock() },
  { id: "hide", title: "Hide or show", group: "Objects", keys: ["i"], icon: "hide", isPossible: hasSelection, run: () => doing.toggleHidden() },
  {
    id: "show-all", title: "Show all that is hidden", group: "Objects", keys: ["Shift+i"],
    run: () => {
      hidden.value = new Set();
      hiddenClasses.value = new Set();
      viewer.value?.repaint();
    },
  },
  { id: "to-top", title: "One layer up", group: "Objects", keys: ["Shift+PageUp"], isPossible: hasSelection, run: () => doing.restack(1) },
  { id: "to-bottom", title: "One layer down", group: "Objects", keys: ["Shift+PageDown"], isPossible: hasSelection, run: () => doing.restack(-1) },
  { id: "copy-previous", title: "Copy the objects of the previous image, in a stack of the previous plane", group: "Objects", keys: ["r"], icon: "copy", isPossible: isOpen, run: () => void doing.copyPrevious() },
  ...Array.from({ length: 9 }, (_, i): Command => ({
    id: `class-${i + 1}`, title: `Class ${i + 1}`, group: "Objects", keys: [String(i + 1)], isPossible: () => i < (project.value?.classes.length ?? 0),
    run: () => doing.chooseClass(project.value?.classes[i]?.id ?? null),
  })),
  { id: "class-0", title: "Pixels to leave out", group: "Objects", keys: ["0"], run: () => doing.chooseClass(null) },

  { id: "next-image", title: "Next image", group: "Images", keys: ["PageDown"], icon: "next", isPossible: () => place.value + 1 < list.value.total, run: () => void openPlace(place.value + 1) },
  { id: "previous-image", title: "Previous image", group: "Images", keys: ["PageUp"], icon: "previous", isPossible: () => place.value > 0, run: () => void openPlace(place.value - 1) },
  { id: "done", title: "Done, and on to the next", group: "Images", keys: ["d"], icon: "done", run: () => void setState("done", true) },
  { id: "look", title: "Needs another look, and on to the next", group: "Images", keys: ["Shift+d"], icon: "look", run: () => void setState("look", true) },
  { id: "todo", title: "Back to do", group: "Images", keys: ["Ctrl+d"], run: () => void setState("todo", false) },
  { id: "note", title: "Note on the image", group: "Images", keys: ["Shift+n"], icon: "note", run: () => (dialog.value = "note") },

  { id: "next-plane", title: "Next plane of the stack", group: "Stacks", keys: ["q"], icon: "next", isPossible: () => canStep("plane", 1), run: () => step("plane", 1) },
  { id: "previous-plane", title: "Previous plane of the stack", group: "Stacks", keys: ["Shift+q"], icon: "previous", isPossible: () => canStep("plane", -1), run: () => step("plane", -1) },
  { id: "next-time", title: "Next time, on the same slice", group: "Stacks", keys: ["y"], icon: "next", isPossible: () => canStep("time", 1), run: () => step("time", 1) },
  { id: "previous-time", title: "Previous time, on the same slice", group: "Stacks", keys: ["Shift+y"], icon: "previous", isPossible: () => canStep("time", -1), run: () => step("time", -1) },

  { id: "zoom-in", title: "Zoom in", group: "View", keys: ["+", "="], icon: "zoom-in", run: () => zoomBy(1.25) },
  { id: "zoom-out", title: "Zoom out", group: "View", keys: ["-"], icon: "zoom-out", run: () => zoomBy(0.8) },
  { id: "fit", title: "Whole image", group: "View", keys: ["Home", "Shift+z"], icon: "fit", run: () => viewer.value?.fit() },
  { id: "pixels", title: "Pixel by pixel", group: "View", keys: ["z"], icon: "pixels", run: () => viewer.value?.zoomTo(1) },
  { id: "labels", title: "Masks on or off", group: "View", keys: ["t"], icon: "labels", run: () => ((showLabels.value = !showLabels.value), viewer.value?.repaint()) },
  { id: "outline", title: "Outlines only", group: "View", keys: ["o"], icon: "outline", run: () => ((outlineOnly.value = !outlineOnly.value), viewer.value?.repaint()) },
  { id: "color-by", title: "Colours of classes, or of objects", group: "View", keys: ["u"], run: () => ((colorBy.value = colorBy.value === "class" ? "object" : "class"), viewer.value?.repaint()) },
  { id: "fainter", title: "Fainter masks", group: "View", keys: ["Shift+["], run: () => ((opacity.value = Math.max(0, opacity.value - 0.1)), viewer.value?.repaint()) },
  { id: "stronger", title: "Stronger masks", group: "View", keys: ["Shift+]"], run: () => ((opacity.value = Math.min(1, opacity.value + 0.1)), viewer.value?.repaint()) },
  { id: "theme", title: "Dark or light", group: "View", keys: ["Shift+t"], icon: "theme", run: () => (theme.value = theme.value === "dark" ? "light" : "dark") },

  ...([["Left", -1, 0], ["Right", 1, 0], ["Up", 0, -1], ["Down", 0, 1]] as const).flatMap(([name, dx, dy]): Command[] => [
    { id: `pointer-${name.toLowerCase()}`, title: `Move the pointer ${name.toLowerCase()}`, group: "Keyboard pointer", keys: [`Arrow${name}`], onCanvas: true, run: () => nudge(dx, dy, false) },
    { id: `pointer-${name.toLowerCase()}-fine`, title: `... by one pixel ${name.toLowerCase()}`, group: "Keyboard pointer", keys: [`Ctrl+Arrow${name}`], onCanvas: true, run: () => nudge(dx, dy, true) },
    { id: `pan-${name.toLowerCase()}`, title: `Move the view ${name.toLowerCase()}`, group: "Keyboard pointer", keys: [`Shift+Arrow${name}`], onCanvas: true, run: () => viewer.value?.moveBy(-dx * 80, -dy * 80) },
  ]),
  { id: "press", title: "Press at the pointer (brush and knife: pen down, pen up)", group: "Keyboard pointer", keys: ["Space"], onCanvas: true, run: () => pressByKey(false) },
  { id: "press-second", title: "Press the second button there (takes away)", group: "Keyboard pointer", keys: ["Shift+Space"], onCanvas: true, run: () => pressByKey(true) },

  { id: "keys", title: "All keys", group: "Page", keys: ["?", "F1"], icon: "help", run: () => (dialog.value = "keys") },
  { id: "commands", title: "Find a command", group: "Page", keys: ["Ctrl+k"], run: () => (dialog.value = "commands") },
];

export const commandOf: ReadonlyMap<string, Command> = new Map(commands.map((one) => [one.id, one]));

/** The keys of a command: those of the person, or those of the table. */
export function keysOf(command: Command): readonly string[] {
  return keymap.value[command.id] ?? command.keys;
}

export function run(id: string): void {
  const command = commandOf.get(id);
  if (command !== undefined && command.isPossible?.() !== false) command.run();
}

/** What the page shows, as signals: everything that more than one part of it needs to know. */

import { computed, effect, signal } from "@preact/signals";
import type { Outbox } from "../data/outbox.ts";
import type { CostGroup, ImageInfo, Order, ProjectInfo, ReviewState } from "../data/protocol.ts";
import type { Session } from "../editing/session.ts";
import type { Spans } from "../editing/spans.ts";
import { Costs, Stopwatch } from "../editing/stopwatch.ts";
import type { Mark } from "../view/labels.ts";
import type { ImagePoint } from "../view/coordinates.ts";
import type { Viewer } from "../view/viewer.ts";

export type ToolId = "select" | "click" | "brush" | "eraser" | "polygon" | "wand" | "split" | "hand";
/** What painting does to other objects: share pixels with them, take them, or leave them theirs. */
export type Overlap = "share" | "take" | "leave";
export type Theme = "dark" | "light";

/** A signal that the browser remembers between visits. */
function kept<T>(name: string, initial: T) {
  const key = `maskwright-${name}`;
  let value = initial;
  try {
    const text = localStorage.getItem(key);
    if (text !== null) value = JSON.parse(text) as T;
  } catch {
    // Nothing is kept: the initial value holds.
  }
  const made = signal(value);
  effect(() => {
    const text = JSON.stringify(made.value);
    try {
      localStorage.setItem(key, text);
    } catch {
      // The same.
    }
  });
  return made;
}

export const project = signal<ProjectInfo | null>(null);
export const outbox = signal<Outbox | null>(null);
export const viewer = signal<Viewer | null>(null);
export const session = signal<Session | null>(null);
export const trouble = signal(""); // why no image is shown

export const order = kept<Order>("order", "name");
export const stateFilter = signal<ReviewState | "">("");
export const list = signal<{ total: number; images: (ImageInfo | undefined)[] }>({ total: 0, images: [] });
export const place = signal(0); // of the open image in the list
export const image = signal<ImageInfo | null>(null);
export const others = signal(0); // pages that have the image open too

export const tool = signal<ToolId>("click");
export const brushSize = kept("brush-size", 12);
export const tolerance = kept("tolerance", 24);
export const overlap = kept<Overlap>("overlap", "share");
export const classId = signal<number | null>(null); // of new objects; null: pixels to leave out
export const assistant = signal<string | null>(null);

export const selection = signal<ReadonlySet<string>>(new Set());
export const hidden = signal<ReadonlySet<string>>(new Set());
export const hiddenClasses = signal<ReadonlySet<number | null>>(new Set());

export const opacity = kept("opacity", 0.35);
export const outlineOnly = kept("outline-only", false);
export const colorBy = kept<"class" | "object">("color-by", "class");
export const showLabels = signal(true);
export const brightness = signal(0); // -1 to 1, as contrast
export const contrast = signal(0);
export const gamma = signal(1);
export const channels = signal<readonly number[] | null>(null);
export const theme = kept<Theme>("theme", "dark");
export const keymap = kept<Record<string, string[]>>("keys", {});

/** What a tool is about to make, drawn as if it were there. */
export interface Preview { readonly replaces: string | null; readonly spans: Spans; readonly classId: number | null; readonly mark: Mark }
export const preview = signal<Preview | null>(null);

export interface Answer { readonly spans: Spans; readonly score: number; readonly assistant: string }
/** A mask in the making by clicks. target: the object that is repaired. */
export interface Clicking {
  readonly clicks: readonly (readonly [number, number, boolean])[]; readonly box: readonly [number, number, number, number] | null;
  readonly target: string | null; readonly answers: readonly Answer[]; readonly chosen: number; readonly isBusy: boolean; readonly why: string;
}
export const clicking = signal<Clicking | null>(null);

export const surest = kept("surest", 0.5); // proposals below this score are not shown
export const currentProposal = signal<number | null>(null);
export const shownProposals = computed(() => (session.value?.proposals.value ?? []).filter((one) => one.score >= surest.value));
export const isProposing = signal(false);

/** The pointer on the image; moved by arrow keys where `byKeys`. */
export const pointer = signal<{ at: ImagePoint; byKeys: boolean } | null>(null);
export const penIsDown = signal(false); // of the keyboard's brush

export type DialogName = "keys" | "commands" | "class" | "note" | null;
export const dialog = signal<DialogName>(null);
export const editedClass = signal<number | "new">("new");
export const said = signal<{ text: string; isBad: boolean; at: number }>({ text: "", isBad: false, at: 0 });

export const stopwatch = new Stopwatch();
export const costs = new Costs();
export const cost = signal<{ seconds: number; objects: number } | null>(null);
export const costGroups = signal<readonly CostGroup[]>([]);

export const selectedItems = computed(() => {
  const open = session.value;
  if (open === null) return [];
  open.objects.version.value;
  return [...selection.value].map((id) => open.objects.get(id)).filter((item) => item !== undefined);
});

export function say(text: string, isBad = false): void {
  said.value = { text, isBad, at: Date.now() };
}

/** Do something that may be impossible, and say why where it is. */
export function attempt<T>(what: () => T): T | null {
  try {
    return what();
  } catch (error) {
    say(error instanceof Error ? error.message : String(error), true);
    return null;
  }
}

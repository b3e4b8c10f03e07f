/** Keys: their names, whichever layout the keyboard has, and the command that each means. */

import { commands, keysOf, type Command } from "./commands.ts";
import { spaceIsHeld } from "./input.ts";
import { dialog, pointer, stopwatch, viewer } from "./state.ts";

/** `Ctrl+Shift+z`, `?`, `Space`. A letter is that of the layout; where the layout has another script, that of the key's place. */
export function keyName(event: Pick<KeyboardEvent, "key" | "code" | "ctrlKey" | "metaKey" | "shiftKey" | "altKey">): string {
  const place = /^(?:Key|Digit)(.)$/.exec(event.code)?.[1].toLowerCase();
  let key = event.key === " " ? "Space" : event.key;
  if (event.code === "BracketLeft") key = "[";
  else if (event.code === "BracketRight") key = "]";
  else if (place !== undefined && /\d/.test(place) && !event.shiftKey) key = place; // French keyboards have signs there
  else if (/^[a-z]$/i.test(key)) key = key.toLowerCase();
  else if (place !== undefined && /^[^\x20-\x7e]$/.test(key)) key = place;
  const hasShiftInIt = key.length === 1 && !/[a-z[\]]/.test(key);
  const control = event.ctrlKey || event.metaKey;
  return `${control ? "Ctrl+" : ""}${event.shiftKey && !hasShiftInIt ? "Shift+" : ""}${event.altKey ? "Alt+" : ""}${key}`;
}

export function commandFor(name: string): Command | undefined {
  return commands.find((command) => keysOf(command).includes(name));
}

/** What else has the same key; the sheet of keys says so. */
export function clash(command: Command, key: string): Command | undefined {
  return commands.find((other) => other.id !== command.id && keysOf(other).includes(key));
}

export const isMac = typeof navigator !== "undefined" && /Mac|iP/.test(navigator.platform);

const SHOWN: Readonly<Record<string, string>> = {
  ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc", Delete: "Del", PageUp: "Page ↑", PageDown: "Page ↓", Backspace: "⌫", Enter: "Enter",
};

/** A key as it stands on keyboards. */
export function shownKey(name: string): string {
  const parts = name === "+" ? ["+"] : name.split("+");
  return parts.map((part) => SHOWN[part] ?? (part === "Ctrl" && isMac ? "⌘" : part.length === 1 ? part.toUpperCase() : part)).join(isMac ? "" : "+");
}

function writes(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input:not([type=range], [type=checkbox], [type=radio], [type=color]), textarea, select"));
}

/** Keys that controls have for themselves while they have the focus. */
function ownKeys(target: EventTarget | null, name: string): boolean {
  if (!(target instanceof HTMLElement) || target.closest(".canvas") !== null) return false;
  if (target.matches("input[type=range]")) return /Arrow|Page|Home|End/.test(name);
  if (target.matches("button, [role=button], summary, a, input, [role=option], [role=listbox]")) return /^(Shift\+)?(Enter|Space)$/.test(name) || (target.closest("[role=listbox]") !== null && /^Arrow|^Home|^End/.test(name));
  return false;
}

export function listenToKeys(): void {
  window.addEventListener("keydown", (event) => {
    if (event.isComposing || event.defaultPrevented || writes(event.target) || dialog.value !== null) return;
    const name = keyName(event);
    if (ownKeys(event.target, name)) return;
    if (name === "Space" && !pointer.value?.byKeys) {
      event.preventDefault();
      if (!event.repeat && pointer.value === null) commandFor("Space")?.run();
      else spaceIsHeld.value = true;
      viewer.value?.host.classList.toggle("moving", spaceIsHeld.value);
      return;
    }
    const command = commandFor(name);
    if (command === undefined) return;
    if (command.onCanvas && event.target instanceof HTMLElement && event.target !== document.body && event.target.closest(".canvas") === null) return;
    event.preventDefault(); // so that Ctrl+D does not make a bookmark here
    stopwatch.stir();
    if (command.isPossible?.() !== false) command.run();
  });
  window.addEventListener("keyup", (event) => {
    if (event.key !== " ") return;
    spaceIsHeld.value = false;
    viewer.value?.host.classList.remove("moving");
  });
  window.addEventListener("blur", () => {
    spaceIsHeld.value = false;
    viewer.value?.host.classList.remove("moving");
  });
}

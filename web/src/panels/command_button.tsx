/** A button of a command: its name, its key and whether it is possible come from the table. */

import { commandOf, keysOf, run } from "../app/commands.ts";
import { shownKey } from "../app/keys.ts";
import { Icon } from "./icons.tsx";

export function CommandButton({ id, label, isOn, class: kind = "" }: { id: string; label?: string; isOn?: boolean; class?: string }) {
  const command = commandOf.get(id);
  if (command === undefined) throw new Error(`There is no command ${id}.`);
  const [key] = keysOf(command);
  const title = key === undefined ? command.title : `${command.title} (${shownKey(key)})`;
  return (
    <button
      type="button" class={`button ${kind} ${isOn ? "is-on" : ""}`} title={title} aria-label={label === undefined ? command.title : undefined}
      aria-pressed={isOn} aria-keyshortcuts={key?.replace("Ctrl", "Control")} disabled={command.isPossible?.() === false} onClick={() => run(id)} data-command={id}
    >
      {command.icon !== undefined && <Icon name={command.icon} />}
      {label !== undefined && <span>{label}</span>}
    </button>
  );
}

/** Windows over the page: the sheet of keys, the search for commands, a class, a note, and the question after a conflict. */

import type { ComponentChildren } from "preact";
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { commands, keysOf, run, type Command } from "../app/commands.ts";
import { clash, keyName, shownKey } from "../app/keys.ts";
import { fromHex, toHex } from "../app/colors.ts";
import { chooseClass } from "../app/doing.ts";
import { dialog, editedClass, image, keymap, outbox, project, say, session, viewer } from "../app/state.ts";
import { saveNote } from "../app/studio.ts";
import { api } from "../data/api.ts";
import type { Kind } from "../data/protocol.ts";

function Window({ title, kind, onClose, children }: { title: string; kind: string; onClose(): void; children: ComponentChildren }) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    element.current?.showModal();
    return () => viewer.value?.host.focus({ preventScroll: true });
  }, []);
  return (
    <dialog ref={element} class={`window ${kind}`} aria-label={title} onCancel={(event) => (event.preventDefault(), onClose())} onClick={(event) => event.target === element.current && onClose()}>
      <h2>{title}</h2>
      {children}
    </dialog>
  );
}

const close = () => (dialog.value = null);

/** One command's key, which can be changed by pressing another. */
function KeyRow({ command }: { command: Command }) {
  const listens = useSignal(false);
  const keys = keysOf(command);
  const take = (event: KeyboardEvent) => {
    if (!listens.value || ["Shift", "Control", "Alt", "Meta", "Tab"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    listens.value = false;
    const name = keyName(event);
    if (event.key === "Escape") return;
    const other = clash(command, name);
    if (other !== undefined) return say(`${shownKey(name)} is the key of '${other.title}'.`, true);
    keymap.value = { ...keymap.value, [command.id]: [name] };
  };
  return (
    <li>
      <span id={`title-${command.id}`}>{command.title}</span>
      <button
        type="button" id={`key-${command.id}`} class={`keys ${listens.value ? "is-on" : ""}`} title="Press to choose another key" aria-labelledby={`title-${command.id} key-${command.id}`}
        onClick={() => (listens.value = true)} onBlur={() => (listens.value = false)} onKeyDown={take}
      >
        {listens.value ? "press a key" : keys.map((key) => <kbd key={key}>{shownKey(key)}</kbd>)}
      </button>
    </li>
  );
}

const TITLES: Readonly<Record<string, string>> = {
  "class-1": "Class 1, and so to 9", "pointer-left": "Move the pointer left; so the other arrows", "pointer-left-fine": "By one pixel", "pan-left": "Move the view",
};

function KeySheet() {
  const groups = [...new Set(commands.map((one) => one.group))];
  // Of commands that come in nines and fours one stands for all.
  const shown = commands.filter((one) => !/^class-[2-9]$|^(pointer|pan)-(right|up|down)/.test(one.id));
  const titled = (one: Command) => ({ ...one, title: TITLES[one.id] ?? one.title });
  return (
    <Window title="Keys" kind="keys" onClose={close}>
      <p class="hint">Each can be changed: press it, then the new key. With the mouse: wheel zooms, middle button or Space moves, right button takes away.</p>
      <div class="sheet">
        {groups.map((group) => (
          <section key={group}>
            <h3>{group}</h3>
            <ul>{shown.filter((one) => one.group === group).map((one) => <KeyRow key={one.id} command={titled(one)} />)}</ul>
          </section>
        ))}
      </div>
      <div class="buttons">
        <button type="button" class="button" disabled={Object.keys(keymap.value).length === 0} onClick={() => (keymap.value = {})}>Keys as they were</button>
        <button type="button" class="button primary" onClick={close}>Close</button>
      </div>
    </Window>
  );
}

function CommandSearch() {
  const text = useSignal(""), at = useSignal(0);
  const words = text.value.toLowerCase().split(/\s+/);
  const found = commands.filter((one) => one.isPossible?.() !== false && words.every((word) => `${one.group} ${one.title}`.toLowerCase().includes(word))).slice(0, 12);
  const go = (command: Command | undefined) => {
    close();
    if (command !== undefined) setTimeout(() => run(command.id));
  };
  const key = (event: KeyboardEvent) => {
    if (event.key === "Enter") go(found[at.value]);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      at.value = Math.min(found.length - 1, Math.max(0, at.value + (event.key === "ArrowDown" ? 1 : -1)));
    }
  };
  return (
    <Window title="Find a command" kind="commands" onClose={close}>
      <input type="text" autofocus aria-label="Words of the command" role="combobox" aria-expanded="true" aria-controls="found" aria-activedescendant={`found-${at.value}`} value={text.value} onKeyDown={key} onInput={(event) => ((text.value = event.currentTarget.value), (at.value = 0))} />
      <ul id="found" role="listbox" aria-label="Commands">
        {found.map((one, i) => (
          <li key={one.id} id={`found-${i}`} role="option" aria-selected={i === at.value} class={i === at.value ? "is-on" : ""} onClick={() => go(one)}>
            <span>{one.title}</span> <small>{one.group}</small> <kbd>{shownKey(keysOf(one)[0] ?? "")}</kbd>
          </li>
        ))}
      </ul>
    </Window>
  );
}

function ClassWindow() {
  const id = editedClass.value;
  const old = project.value?.classes.find((one) => one.id === id);
  const name = useSignal(old?.name ?? ""), kind = useSignal<Kind>(old?.kind ?? "thing"), color = useSignal(old === undefined ? "" : toHex(old.color)), to = useSignal("");
  const wrong = useSignal("");
  const reload = async () => {
    const info = await api.project();
    if (project.value !== null) project.value = { ...project.value, classes: info.classes };
    viewer.value?.repaint();
  };
  const attempt = async (what: () => Promise<void>) => {
    try {
      await what();
      await reload();
      close();
    } catch (error) {
      wrong.value = error instanceof Error ? error.message : String(error);
    }
  };
  const save = () => attempt(async () => {
    if (old === undefined) {
      const made = await api.addClass(name.value, kind.value);
      await reload();
      chooseClass(made.id);
    } else await api.changeClass(old.id, { ...(name.value === old.name ? {} : { name: name.value }), kind: kind.value, color: fromHex(color.value) });
  });
  const remove = () => attempt(async () => {
    await api.removeClass(old?.id as number, to.value === "" ? null : Number(to.value));
    await session.value?.load();
  });
  return (
    <Window title={old === undefined ? "New class" : `Class ${old.name}`} kind="form" onClose={close}>
      <form onSubmit={(event) => (event.preventDefault(), void save())}>
        <label>Name <input type="text" autofocus required maxLength={200} value={name.value} onInput={(event) => (name.value = event.currentTarget.value)} /></label>
        <label>Kind
          <select value={kind.value} onChange={(event) => (kind.value = event.currentTarget.value as Kind)}>
            <option value="thing">things that can be counted: cells, cars</option>
            <option value="stuff">stuff that cannot: sky, road, tissue</option>
          </select>
        </label>
        {old !== undefined && <label>Colour <input type="color" value={color.value} onInput={(event) => (color.value = event.currentTarget.value)} /></label>}
        {wrong.value !== "" && <p class="wrong" role="alert">{wrong.value}</p>}
        <div class="buttons">
          {old !== undefined && (
            <details>
              <summary>Remove the class</summary>
              <label>Its objects go to
                <select value={to.value} onChange={(event) => (to.value = event.currentTarget.value)}>
                  <option value="">nowhere: it has none</option>
                  {project.value?.classes.filter((one) => one.id !== old.id).map((one) => <option key={one.id} value={one.id}>{one.name}</option>)}
                </select>
              </label>
              <button type="button" class="button" onClick={() => void remove()}>Remove</button>
            </details>
          )}
          <button type="button" class="button" onClick={close}>Cancel</button>
          <button type="submit" class="button primary">Save</button>
        </div>
      </form>
    </Window>
  );
}

function NoteWindow() {
  const text = useSignal(image.value?.note ?? "");
  const save = () => saveNote(text.value).then(close, (error: Error) => say(`The note was not saved: ${error.message}`, true));
  return (
    <Window title="Note on this image" kind="form" onClose={close}>
      <textarea autofocus rows={5} maxLength={10000} aria-label="Note" value={text.value} onInput={(event) => (text.value = event.currentTarget.value)} onKeyDown={(event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && void save()} />
      <div class="buttons">
        <button type="button" class="button" onClick={close}>Cancel</button>
        <button type="button" class="button primary" onClick={() => void save()}>Save</button>
      </div>
    </Window>
  );
}

function ConflictWindow() {
  const settle = (insist: boolean) => {
    const entry = outbox.value?.settle(insist);
    if (entry && session.value?.info.id === entry.image) void session.value.load().then(() => viewer.value?.repaint());
  };
  const objects = (outbox.value?.question.value?.error.body.objects as string[] | undefined)?.length ?? 1;
  return (
    <Window title="Somebody else changed the same" kind="form" onClose={() => {}}>
      <p>{objects > 1 ? `${objects} objects that you changed were` : "An object that you changed was"} changed elsewhere in the meantime. Nothing is lost yet: your edit waits in this browser.</p>
      <div class="buttons">
        <button type="button" class="button" onClick={() => settle(false)}>Keep theirs</button>
        <button type="button" class="button primary" autofocus onClick={() => settle(true)}>Put mine on top</button>
      </div>
    </Window>
  );
}

export function Dialogs() {
  if (outbox.value?.question.value) return <ConflictWindow />;
  switch (dialog.value) {
    case "keys": return <KeySheet />;
    case "commands": return <CommandSearch />;
    case "class": return <ClassWindow />;
    case "note": return <NoteWindow />;
    case null: return null;
  }
}

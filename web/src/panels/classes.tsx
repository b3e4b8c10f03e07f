/** The classes with their number keys, colours, and how many objects each has on the image. */

import { chooseClass } from "../app/doing.ts";
import { classColor, css } from "../app/colors.ts";
import { classId, dialog, editedClass, hiddenClasses, project, session, viewer } from "../app/state.ts";
import { Icon } from "./icons.tsx";

function toggle(id: number | null): void {
  const next = new Set(hiddenClasses.value);
  if (!next.delete(id)) next.add(id);
  hiddenClasses.value = next;
  viewer.value?.repaint();
}

function edit(id: number | "new"): void {
  editedClass.value = id;
  dialog.value = "class";
}

export function Classes() {
  const classes = project.value?.classes ?? [];
  session.value?.objects.version.value;
  const counts = new Map<number | null, number>();
  for (const item of session.value?.objects.all() ?? []) counts.set(item.class_id, (counts.get(item.class_id) ?? 0) + 1);
  const rows: [number | null, string, string, string][] = [
    ...classes.map((one, i): [number, string, string, string] => [one.id, one.name, i < 9 ? String(i + 1) : "", one.kind]),
    [null, "left out", "0", "pixels that count in no training and no score"],
  ];
  return (
    <section class="panel classes" aria-label="Classes">
      <h2>Classes <button type="button" class="button small" title="New class" aria-label="New class" onClick={() => edit("new")}><Icon name="add" size={15} /></button></h2>
      <ul>
        {rows.map(([id, name, key, kind]) => (
          <li key={id ?? "none"} class={`class-row ${classId.value === id ? "is-on" : ""}`}>
            <button type="button" class="class-name" aria-pressed={classId.value === id} onClick={() => chooseClass(id)} title={kind === "stuff" ? `${name}: stuff, one region` : kind === "thing" ? name : kind}>
              <kbd>{key}</kbd>
              <span class={`swatch ${kind === "stuff" ? "is-stuff" : ""}`} style={{ background: css(classColor(classes, id)) }} />
              <span class="name">{name}</span>
              <span class="number">{counts.get(id) ?? ""}</span>
            </button>
            <button type="button" class="button small" aria-label={`Show or hide ${name}`} aria-pressed={hiddenClasses.value.has(id)} onClick={() => toggle(id)}>
              <Icon name={hiddenClasses.value.has(id) ? "hide" : "show"} size={15} />
            </button>
            {id !== null ? <button type="button" class="button small" aria-label={`Change ${name}`} onClick={() => edit(id)}><Icon name="edit" size={15} /></button> : <span class="button small" />}
          </li>
        ))}
      </ul>
    </section>
  );
}

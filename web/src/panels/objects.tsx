/** The objects of the image, in a list of any length of which only the rows in view are drawn. */

import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { classColor, css, ownColor } from "../app/colors.ts";
import { select, toggleHidden, toggleLock } from "../app/doing.ts";
import { colorBy, hidden, project, selection, session, viewer } from "../app/state.ts";
import type { Item } from "../editing/objects.ts";
import { CommandButton } from "./command_button.tsx";
import { Icon } from "./icons.tsx";

const ROW = 28;

export function Objects() {
  const box = useRef<HTMLDivElement>(null);
  const top = useSignal(0);
  const height = useSignal(400);
  const items = useComputed(() => {
    const open = session.value;
    if (open === null) return [];
    open.objects.version.value;
    return [...open.objects.all()].reverse();
  });
  useEffect(() => {
    const element = box.current as HTMLDivElement;
    const observer = new ResizeObserver(() => (height.value = element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const [only] = selection.value;
  useEffect(() => {
    const element = box.current, at = items.value.findIndex((item) => item.id === only);
    if (element === null || at < 0) return;
    if (at * ROW < element.scrollTop) element.scrollTop = at * ROW;
    else if ((at + 1) * ROW > element.scrollTop + element.clientHeight) element.scrollTop = (at + 1) * ROW - element.clientHeight;
  }, [only]);
  const first = Math.max(0, Math.floor(top.value / ROW) - 4), last = Math.min(items.value.length, Math.ceil((top.value + height.value) / ROW) + 4);
  return (
    <section class="panel objects" aria-label="Objects">
      <h2>Objects <span class="number">{items.value.length}</span></h2>
      <div class="actions">
        {["lock", "hide", "merge", "separate", "grow", "shrink", "largest-piece", "delete"].map((id) => <CommandButton key={`${id}${selection.value.size}`} id={id} class="small" />)}
      </div>
      <div class="rows" ref={box} onScroll={(event) => (top.value = event.currentTarget.scrollTop)} role="list" tabIndex={0} aria-label={`${items.value.length} objects`}>
        <div class="rows-inner" role="presentation" style={{ height: `${items.value.length * ROW}px` }}>
          {items.value.slice(first, last).map((item, i) => <Row key={item.id} item={item} at={first + i} number={items.value.length - first - i} />)}
        </div>
        {items.value.length === 0 && <p class="empty">Nothing is marked on this image yet.</p>}
      </div>
    </section>
  );
}

function Row({ item, at, number }: { item: Item; at: number; number: number }) {
  const classes = project.value?.classes ?? [];
  const name = classes.find((one) => one.id === item.class_id)?.name ?? "left out";
  const color = colorBy.value === "object" ? ownColor(item.id) : classColor(classes, item.class_id);
  const isHidden = hidden.value.has(item.id), isSelected = selection.value.has(item.id);
  const choose = (event: MouseEvent) => {
    const next = new Set(event.shiftKey || event.ctrlKey || event.metaKey ? selection.value : []);
    if (isSelected && next.size > 0) next.delete(item.id);
    else next.add(item.id);
    select(next);
    viewer.value?.show(item.box);
  };
  return (
    <div class={`row ${isSelected ? "is-on" : ""}`} role="listitem" style={{ top: `${at * ROW}px` }}>
      <button type="button" class="row-name" onClick={choose} aria-pressed={isSelected}>
        <span class="swatch" style={{ background: css(color) }} />
        <span class="name">{name} {number}</span>
        <span class="area" title="pixels">{item.area.toLocaleString("en")}</span>
        <span class="by">{item.tool}</span>
      </button>
      <button type="button" class={`button small ${item.locked ? "is-set" : ""}`} aria-label={`Lock ${name} ${number}`} aria-pressed={item.locked} onClick={() => toggleLock([item])}><Icon name={item.locked ? "lock" : "unlock"} size={14} /></button>
      <button type="button" class={`button small ${isHidden ? "is-set" : ""}`} aria-label={`Hide ${name} ${number}`} aria-pressed={isHidden} onClick={() => toggleHidden([item.id])}><Icon name={isHidden ? "hide" : "show"} size={14} /></button>
    </div>
  );
}

/** The images at the bottom, as many as there are; only those in view are drawn. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { list, order, place, project, say, stateFilter } from "../app/state.ts";
import { loadList, needList, openPlace } from "../app/studio.ts";
import type { ImageInfo, Order, ReviewState } from "../data/protocol.ts";
import { Icon } from "./icons.tsx";
import { STATES } from "./top_bar.tsx";

const WIDTH = 104;
const RESERVE = 4;
const AGAIN_MS = 5000, MOST_TRIES = 60; // for the picture of a large image, which is there once all of it was read

function Picture({ id }: { id: number }) {
  const tries = useSignal(0);
  const isThere = useSignal(false);
  const again = () => {
    isThere.value = false;
    if (tries.value < MOST_TRIES) setTimeout(() => tries.value++, AGAIN_MS);
  };
  return <img class={isThere.value ? "" : "is-coming"} onLoad={() => (isThere.value = true)} src={`/api/images/${id}/picture?size=192${tries.value > 0 ? `&again=${tries.value}` : ""}`} alt="" loading="lazy" decoding="async" draggable={false} onError={again} />;
}

function Thumbnail({ one, at, isOpen }: { one: ImageInfo | undefined; at: number; isOpen: boolean }) {
  const move = { left: `${at * WIDTH}px` };
  if (one === undefined) return <div class="thumbnail is-empty" style={move} />;
  const words = STATES.find(([state]) => state === one.state)?.[1] ?? "";
  return (
    <button
      type="button" class={`thumbnail ${isOpen ? "is-open" : ""} ${one.stack === "" ? "" : "is-plane"}`} style={move} onClick={() => void openPlace(at)} title={one.name} aria-current={isOpen}
      aria-label={`${one.name}: ${words}, ${one.objects} objects${one.proposals > 0 ? `, ${one.proposals} proposals` : ""}`}
    >
      <Picture id={one.id} />
      <span class={`badge is-${one.state}`}><Icon name={one.state} size={13} /></span>
      {one.plane !== "" && <span class="plane" data-plane={one.plane} />}
      <span class="counts">{one.objects}{one.proposals > 0 && <i> +{one.proposals}</i>}</span>
    </button>
  );
}

/** Planes of one stack that stand side by side: where they begin, how many they are, and the stack's name. */
export function stacksIn(images: readonly (ImageInfo | undefined)[], from: number, to: number): { at: number; count: number; name: string }[] {
  const found: { at: number; count: number; name: string }[] = [];
  for (let at = from; at < to; at++) {
    const name = images[at]?.stack ?? "", last = found[found.length - 1];
    if (name === "") continue;
    if (last !== undefined && last.name === name && last.at + last.count === at) last.count++;
    else found.push({ at, count: 1, name });
  }
  return found;
}

export function FilmStrip() {
  const strip = useRef<HTMLDivElement>(null);
  const range = useSignal<[number, number]>([0, 20]);
  const { total, images } = list.value;
  const look = () => {
    const box = strip.current;
    if (box === null) return;
    const from = Math.max(0, Math.floor(box.scrollLeft / WIDTH) - RESERVE), to = Math.min(total, Math.ceil((box.scrollLeft + box.clientWidth) / WIDTH) + RESERVE);
    if (range.value[0] !== from || range.value[1] !== to) range.value = [from, to];
    void needList(from, to);
  };
  useEffect(() => {
    const box = strip.current;
    if (box === null) return;
    const middle = place.value * WIDTH - (box.clientWidth - WIDTH) / 2;
    if (place.value * WIDTH < box.scrollLeft + WIDTH || (place.value + 2) * WIDTH > box.scrollLeft + box.clientWidth) box.scrollLeft = middle;
    look();
  }, [place.value, total]);
  const reload = () => loadList().then(() => openPlace(0)).catch(() => say("The list of images cannot be loaded.", true));
  const [from, to] = range.value;
  return (
    <footer class="film" aria-label="Images">
      <div class="film-options">
        <p class="progress"><b>{project.value?.states.done ?? 0}</b> of {project.value?.images ?? 0} images done</p>
        <label class="choice"><span>Order</span>
          <select value={order.value} onChange={(event) => ((order.value = event.currentTarget.value as Order), void reload())}>
            <option value="name">by name</option>
            <option value="helpful">most helpful first</option>
            <option value="random">random</option>
          </select>
        </label>
        <label class="choice"><span>Show</span>
          <select value={stateFilter.value} onChange={(event) => ((stateFilter.value = event.currentTarget.value as ReviewState | ""), void reload())}>
            <option value="">all</option>
            {STATES.map(([state, words]) => <option key={state} value={state}>{words.toLowerCase()}</option>)}
          </select>
        </label>
      </div>
      <div class="strip" ref={strip} onScroll={look} tabIndex={-1}>
        <div class="strip-inner" style={{ width: `${total * WIDTH}px` }}>
          {stacksIn(images, from, to).map(({ at, count, name }) => (
            <div key={`${name} ${at}`} class="stack" style={{ left: `${at * WIDTH + 4}px`, width: `${count * WIDTH - 6}px` }}><span title={name}>{name}</span></div>
          ))}
          {Array.from({ length: Math.max(0, to - from) }, (_, i) => <Thumbnail key={images[from + i]?.id ?? `empty-${from + i}`} one={images[from + i]} at={from + i} isOpen={from + i === place.value} />)}
        </div>
      </div>
    </footer>
  );
}

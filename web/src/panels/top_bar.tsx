/** The line at the top: where one is, whether everything is saved, and what a mask costs. */

import { cost, image, list, others, outbox, place, session, viewer } from "../app/state.ts";
import { setState } from "../app/studio.ts";
import type { ReviewState } from "../data/protocol.ts";
import { CommandButton } from "./command_button.tsx";
import { Icon } from "./icons.tsx";

export const STATES: readonly [ReviewState, string][] = [["todo", "To do"], ["done", "Done"], ["look", "Look again"]];

function SavedState() {
  const box = outbox.value;
  if (box === null) return null;
  const waiting = box.entries.value.length;
  const edits = waiting === 1 ? "1 edit waits" : `${waiting} edits wait`;
  const [kind, words] = {
    saved: ["saved", "Saved"],
    saving: ["saving", "Saving"],
    waiting: ["waiting", `Not saved: ${edits}`],
    asking: ["waiting", "Not saved: decide first"],
  }[box.saved.value];
  return (
    <span class={`saved is-${kind}`} role="status" aria-live="polite" title={box.trouble.value} data-saved={box.saved.value}>
      <Icon name={kind} size={16} /> {words}
      {kind === "waiting" && box.trouble.value !== "" && <button type="button" class="link" onClick={() => box.hurry()}>Try now</button>}
    </span>
  );
}

function Cost() {
  const now = cost.value;
  return (
    <span class="cost" title="Median seconds of an accepted mask, over the last 50 of this visit">
      {now === null ? "no mask yet" : <><b>{now.seconds.toFixed(now.seconds < 1 ? 2 : 1)} s</b> a mask <small>({now.objects})</small></>}
    </span>
  );
}

function ImageStates() {
  const now = image.value;
  return (
    <div class="states" role="radiogroup" aria-label="State of the image">
      {STATES.map(([state, words]) => (
        <button key={state} type="button" role="radio" aria-checked={now?.state === state} class={`state is-${state}`} disabled={now === null} onClick={() => void setState(state, false)}>
          <Icon name={state} size={15} /> {words}
        </button>
      ))}
    </div>
  );
}

/** Names of files can be long; the middle is left out, since their ends tell them apart. */
function ImageName({ name }: { name: string }) {
  const cut = name.length > 44 ? `${name.slice(0, 18)}…${name.slice(-24)}` : name;
  return <strong class="image-name" title={name}>{cut}</strong>;
}

export function TopBar() {
  const open = session.value, info = image.value;
  const shown = viewer.value;
  const percent = shown === null ? 100 : shown.view.value.scale * 100;
  return (
    <header class="top">
      <h1 class="unseen">maskwright labelling studio</h1>
      <div class="where">
        <CommandButton id="previous-image" />
        <span class="count">{list.value.total === 0 ? 0 : place.value + 1} / {list.value.total}</span>
        <CommandButton id="next-image" />
        {info !== null && <ImageName name={info.name} />}
        {info?.size_hw && <small class="size">{info.size_hw[1]} x {info.size_hw[0]}{info.dtype !== "uint8" && `, ${info.dtype}`}</small>}
        <ImageStates />
        <CommandButton id="note" isOn={(info?.note ?? "") !== ""} />
        {others.value > 0 && <span class="others" title="This image is open elsewhere too; edits are brought together"><Icon name="people" size={16} /> {others.value + 1}<span class="unseen"> pages have this image open</span></span>}
      </div>
      <div class="history">
        <CommandButton id="undo" key={`u${open?.canUndo.value}`} />
        <CommandButton id="redo" key={`r${open?.canRedo.value}`} />
      </div>
      <SavedState />
      <div class="right">
        <Cost />
        <CommandButton id="zoom-out" />
        <span class="zoom">{percent >= 10 ? Math.round(percent) : percent.toFixed(1)} %</span>
        <CommandButton id="zoom-in" />
        <CommandButton id="fit" />
        <CommandButton id="pixels" />
        <CommandButton id="theme" />
        <CommandButton id="keys" />
      </div>
    </header>
  );
}

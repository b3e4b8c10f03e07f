/** The tools, at the left; and what the chosen one can be told, above the canvas. */

import { keysOf, commandOf } from "../app/commands.ts";
import { shownKey } from "../app/keys.ts";
import { assistant, brushSize, clicking, overlap, type Overlap, penIsDown, project, selectedItems, tolerance, tool, type ToolId, viewer } from "../app/state.ts";
import { CommandButton } from "./command_button.tsx";

const TOOLS: readonly ToolId[] = ["click", "brush", "eraser", "polygon", "wand", "split", "select", "hand"];

export function Toolbar() {
  return (
    <nav class="toolbar" aria-label="Tools">
      {TOOLS.map((id) => <CommandButton key={id} id={`tool-${id}`} isOn={tool.value === id} class="tool" />)}
      <hr />
      {["propose", "fill-holes", "smooth", "merge", "copy-previous", "delete"].map((id) => <CommandButton key={id} id={id} class="tool" />)}
    </nav>
  );
}

const Key = ({ of }: { of: string }) => <kbd>{shownKey(keysOf(commandOf.get(of) as NonNullable<ReturnType<typeof commandOf.get>>)[0] ?? "")}</kbd>;

function Slider({ label, value, low, high, step = 1, onInput }: { label: string; value: number; low: number; high: number; step?: number; onInput(value: number): void }) {
  return (
    <label class="slider">
      <span>{label}</span>
      <input type="range" min={low} max={high} step={step} value={value} onInput={(event) => onInput(Number(event.currentTarget.value))} />
      <output>{Math.round(value * 100) / 100}</output>
    </label>
  );
}

function OverlapChoice() {
  return (
    <label class="choice">
      <span>Others' pixels</span>
      <select value={overlap.value} onChange={(event) => (overlap.value = event.currentTarget.value as Overlap)}>
        <option value="share">are shared</option>
        <option value="take">are taken</option>
        <option value="leave">stay theirs</option>
      </select>
    </label>
  );
}

function ClickOptions() {
  const one = clicking.value;
  const names = project.value?.assistants ?? [];
  const repairs = one !== null ? one.target !== null : selectedItems.value.length === 1;
  return (
    <>
      {names.length > 0 && (
        <label class="choice">
          <span>Assistant</span>
          <select value={assistant.value ?? ""} onChange={(event) => (assistant.value = event.currentTarget.value)}>
            {names.map((name) => <option key={name} value={name}>{name}</option>)}
          </select>
        </label>
      )}
      {one === null ? (
        <span class="hint">{repairs ? "Click to repair the selected object" : "Click an object, or drag a box around it"}; right click takes away</span>
      ) : (
        <span class="hint" role="status">
          {one.isBusy ? "Looking ..." : one.answers.length > 0 ? <>Answer {one.chosen + 1} of {one.answers.length} {one.answers.length > 1 && <Key of="next-answer" />} <b>{one.answers[one.chosen].assistant}</b>; keep it <Key of="finish" /> drop it <Key of="cancel" /></> : null}
          {one.why !== "" && <em> {one.why}</em>}
        </span>
      )}
    </>
  );
}

export function ToolOptions() {
  const chosen = tool.value;
  const redraw = () => viewer.value?.redraw("over");
  return (
    <section class="options" aria-label="Options of the tool">
      <b>{commandOf.get(`tool-${chosen}`)?.title}</b>
      {chosen === "click" && <ClickOptions />}
      {(chosen === "brush" || chosen === "eraser") && (
        <Slider label="Size" value={brushSize.value} low={1} high={200} onInput={(value) => ((brushSize.value = value), redraw())} />
      )}
      {chosen === "wand" && <Slider label="Tolerance" value={tolerance.value} low={0} high={128} onInput={(value) => (tolerance.value = value)} />}
      {["brush", "polygon", "wand"].includes(chosen) && <OverlapChoice />}
      <span class="hint">
        {chosen === "brush" && (selectedItems.value.length === 1 ? <>Goes on with the selected object; a new one <Key of="new-object" /></> : "Paints a new object")}
        {chosen === "eraser" && "Takes from the selected object, or from the one under it"}
        {chosen === "polygon" && <>Corners by clicks or by hand; close it <Key of="finish" />. Shift adds to the selected object, Alt takes from it</>}
        {chosen === "wand" && "Press, and drag to the right for more; right button takes away"}
        {chosen === "split" && "Draw a line across an object"}
        {chosen === "select" && "Click, again for the one below; drag a box; Shift adds"}
        {penIsDown.value && <b> pen is down</b>}
      </span>
    </section>
  );
}

export { Slider };

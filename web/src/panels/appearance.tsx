/** How masks and image look: opacity, colours, brightness, contrast, gamma, channels. None of it changes a pixel. */

import { brightness, channels, colorBy, contrast, gamma, image, opacity, outlineOnly, viewer } from "../app/state.ts";
import { Slider } from "./toolbar.tsx";

function ChannelChoice() {
  const info = image.value;
  const count = info?.channels ?? 1;
  if (info === null || count < 2) return null;
  const name = (i: number) => info.channel_names[i] ?? (count === 3 ? ["red", "green", "blue"][i] : `channel ${i + 1}`);
  const value = channels.value === null ? "" : channels.value.join();
  return (
    <label class="choice wide"><span>Channels</span>
      <select value={value} onChange={(event) => (channels.value = event.currentTarget.value === "" ? null : event.currentTarget.value.split(",").map(Number))}>
        <option value="">as colours</option>
        {Array.from({ length: count }, (_, i) => <option key={i} value={String(i)}>{name(i)}</option>)}
        {count > 3 && Array.from({ length: count - 2 }, (_, i) => <option key={`c${i}`} value={`${i},${i + 1},${i + 2}`}>{name(i)}, {name(i + 1)}, {name(i + 2)}</option>)}
      </select>
    </label>
  );
}

export function Appearance() {
  const repaint = () => viewer.value?.repaint();
  const isChanged = brightness.value !== 0 || contrast.value !== 0 || gamma.value !== 1 || channels.value !== null;
  return (
    <details class="panel appearance">
      <summary><h2>Appearance</h2></summary>
      <Slider label="Masks" value={opacity.value} low={0} high={1} step={0.05} onInput={(value) => ((opacity.value = value), repaint())} />
      <div class="checks">
        <label><input type="checkbox" checked={outlineOnly.value} onChange={(event) => ((outlineOnly.value = event.currentTarget.checked), repaint())} /> Outlines only</label>
        <label><input type="checkbox" checked={colorBy.value === "object"} onChange={(event) => ((colorBy.value = event.currentTarget.checked ? "object" : "class"), repaint())} /> Colour by object</label>
      </div>
      <Slider label="Brightness" value={brightness.value} low={-1} high={1} step={0.02} onInput={(value) => (brightness.value = value)} />
      <Slider label="Contrast" value={contrast.value} low={-1} high={1} step={0.02} onInput={(value) => (contrast.value = value)} />
      <Slider label="Gamma" value={gamma.value} low={0.2} high={4} step={0.05} onInput={(value) => (gamma.value = value)} />
      <ChannelChoice />
      <div class="actions wide">
        <button type="button" class="button" disabled={!isChanged} onClick={() => ((brightness.value = contrast.value = 0), (gamma.value = 1), (channels.value = null))}>As the file has it</button>
      </div>
    </details>
  );
}

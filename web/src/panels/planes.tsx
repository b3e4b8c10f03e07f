/** The line below the image of a stack: a slider for each axis, and where one is on it. */

import { image } from "../app/state.ts";
import { axisOf, goTo } from "../app/stacks.ts";
import { isStack, placesOf } from "../editing/planes.ts";
import { CommandButton } from "./command_button.tsx";

const NAMES: Readonly<Record<string, string>> = { z: "Slice", t: "Time" };

export function Planes() {
  const now = image.value;
  if (now === null || !isStack(now.planes)) return null;
  const places = placesOf(now.planes, now.id);
  return (
    <div class="planes" role="group" aria-label={`Planes of the stack ${now.stack}`}>
      {now.planes.axes.map((axis, i) => {
        if (axis.length === 1) return null;
        const kind = axisOf("time") === i ? "time" : "plane";
        return (
          <div class="slider" key={axis.name}>
            <span>{NAMES[axis.name] ?? axis.name}</span>
            <CommandButton id={`previous-${kind}`} class="small" />
            <input
              type="range" min={0} max={axis.length - 1} value={places[i]} aria-label={`${NAMES[axis.name] ?? axis.name} of the stack`}
              aria-valuetext={`${axis.name}=${places[i]}, the last is ${axis.length - 1}`} onInput={(event) => goTo(i, event.currentTarget.valueAsNumber)}
            />
            <CommandButton id={`next-${kind}`} class="small" />
            <output>{axis.name}={places[i]} <small>to {axis.length - 1}</small></output>
          </div>
        );
      })}
    </div>
  );
}

/** Proposed objects: how sure they must be to be shown, and the keys that decide on them. */

import { current } from "../app/doing.ts";
import { isProposing, session, shownProposals, surest, viewer } from "../app/state.ts";
import { CommandButton } from "./command_button.tsx";
import { Slider } from "./toolbar.tsx";

export function Proposals() {
  const all = session.value?.proposals.value.length ?? 0;
  const shown = shownProposals.value;
  const one = current();
  return (
    <section class="panel proposals" aria-label="Proposals">
      <h2>Proposals <span class="number">{all === 0 ? "" : `${shown.length} of ${all}`}</span></h2>
      {all === 0 ? (
        <div class="actions wide">
          <CommandButton id="propose" label={isProposing.value ? "Looking for objects ..." : "Propose all objects"} />
        </div>
      ) : (
        <>
          <Slider label="At least" value={surest.value} low={0} high={1} step={0.01} onInput={(value) => ((surest.value = value), viewer.value?.repaint())} />
          <div class="actions wide">
            <CommandButton key={`a${one?.id}`} id="accept" label="Accept" />
            <CommandButton key={`x${one?.id}`} id="reject" label="Reject" />
            <CommandButton key={`s${shown.length}`} id="accept-all" label={`Accept ${shown.length}`} class="primary" />
            <CommandButton id="reject-rest" label="Reject the rest" />
          </div>
          <p class="hint">{one === null ? "Go through them with . and ,  or click one with Select (V)." : `Score ${one.score.toFixed(2)}${one.assistant ? `, by ${one.assistant}` : ""}`}</p>
        </>
      )}
    </section>
  );
}

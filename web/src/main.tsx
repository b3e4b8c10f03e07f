/** The page. */

import { effect } from "@preact/signals";
import { render } from "preact";
import { listenToKeys } from "./app/keys.ts";
import * as state from "./app/state.ts";
import { currentTool } from "./app/modes.ts";
import { leaving, start } from "./app/studio.ts";
import { Appearance } from "./panels/appearance.tsx";
import { Canvas } from "./panels/canvas.tsx";
import { Classes } from "./panels/classes.tsx";
import { Dialogs } from "./panels/dialogs.tsx";
import { FilmStrip } from "./panels/film_strip.tsx";
import { Learning } from "./panels/learning.tsx";
import { Objects } from "./panels/objects.tsx";
import { Proposals } from "./panels/proposals.tsx";
import { ToolOptions, Toolbar } from "./panels/toolbar.tsx";
import { TopBar } from "./panels/top_bar.tsx";

function Page() {
  return (
    <>
      <TopBar />
      <Toolbar />
      <ToolOptions />
      <Canvas />
      <aside class="side" aria-label="Classes and objects">
        <Classes />
        <Proposals />
        <Objects />
        <Learning />
        <Appearance />
      </aside>
      <FilmStrip />
      <Dialogs />
    </>
  );
}

effect(() => {
  document.documentElement.dataset.theme = state.theme.value;
});
render(<Page />, document.getElementById("studio") as HTMLElement);
// For stories, and for whoever looks into a page that runs.
Object.assign(window, { maskwright: state });
leaving.call = () => void currentTool().cancel();
listenToKeys();
void start();

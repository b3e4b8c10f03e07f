/** The canvas in the middle, and what stands there when no image can be shown. */

import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { listen } from "../app/input.ts";
import { lookOf } from "../app/look.ts";
import { drawOver, painted } from "../app/scene.ts";
import { image, said, selectedItems, session, tool, trouble, viewer } from "../app/state.ts";
import { openImage } from "../app/studio.ts";
import { api } from "../data/api.ts";
import { isStack } from "../editing/planes.ts";
import { Planes } from "./planes.tsx";
import { Viewer } from "../view/viewer.ts";

function Trouble() {
  const now = image.value;
  if (trouble.value === "") return session.value === null ? <p class="trouble">Opening ...</p> : null;
  const accept = async () => {
    if (now === null) return;
    try {
      await api.acceptFile(now.id);
      await openImage(now.id);
    } catch (error) {
      trouble.value = error instanceof Error ? error.message : String(error);
    }
  };
  if (trouble.value === "changed") {
    return (
      <div class="trouble" role="alert">
        <p>The file of this image is another one than was labelled. Its labels are kept.</p>
        <button type="button" class="button primary" onClick={() => void accept()}>Take the file as it is now</button>
      </div>
    );
  }
  return <p class="trouble" role="alert">{trouble.value}</p>;
}

function Said() {
  const { text, isBad, at } = said.value;
  const element = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    element.current?.classList.add("is-new");
    const timer = setTimeout(() => element.current?.classList.remove("is-new"), isBad ? 7000 : 4000);
    return () => clearTimeout(timer);
  }, [at]);
  return <p ref={element} class={`said ${isBad ? "is-bad" : ""}`} role="status" aria-live="polite">{text}</p>;
}

export function Canvas() {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const made = new Viewer(host.current as HTMLDivElement, { painted, drawOver });
    viewer.value = made;
    listen(made);
    return effect(() => {
      made.tiles.setLook(lookOf());
      made.redraw("image");
    });
  }, []);
  const count = session.value?.objects.size ?? 0;
  return (
    <main class={isStack(image.value?.planes) ? "middle has-planes" : "middle"}>
      <div
        ref={host} class={`canvas tool-${tool.value}`} tabIndex={0} role="application" aria-roledescription="labelling canvas"
        aria-label={`${image.value?.name ?? "No image"}, ${count} objects, ${selectedItems.value.length} selected. Arrow keys move the pointer, Space presses, question mark shows all keys.`}
      />
      <p class="waits" role="status">{session.value === null ? "" : viewer.value?.tiles.waits.value}</p>
      <Trouble />
      <Said />
      <Planes />
    </main>
  );
}

/** What the page does as a whole: open the project, go from image to image, notice what others do. */

import { effect } from "@preact/signals";
import { api, ServerError } from "../data/api.ts";
import { forgetfulStore, openBrowserStore } from "../data/browser_store.ts";
import { Outbox } from "../data/outbox.ts";
import { claimName, openPages } from "../data/pages.ts";
import type { ImageInfo, ReviewState } from "../data/protocol.ts";
import { type Applied, Session } from "../editing/session.ts";
import type { Tiled } from "../view/tiles.ts";
import {
  assistant, brightness, channels, classId, clicking, contrast, cost, costGroups, costs, currentProposal, gamma, hidden, image, list, order, others,
  outbox, place, pointer, preview, project, say, selection, session, stateFilter, stopwatch, trouble, viewer,
} from "./state.ts";

const PAGE = 100;
const LOOK_MS = 4000;
const SLOW_MS = 3000;
const seed = Math.floor(Math.random() * 1e6);
const COUNT_MS = 150;
const REST_MS = 600;
let opening = 0;
let counting: ReturnType<typeof setTimeout> | undefined;
const loading = new Set<number>();
/** What is called before another image is opened: the tools, which know this module and not the other way round. */
export const leaving: { call: () => void } = { call: () => {} };

export async function start(): Promise<void> {
  let info;
  try {
    info = await api.project();
  } catch (error) {
    trouble.value = error instanceof ServerError ? error.message : String(error);
    setTimeout(() => void start(), 2000);
    return;
  }
  trouble.value = "";
  project.value = info;
  classId.value = info.classes[0]?.id ?? null;
  assistant.value = info.assistant;
  for (const words of info.words ?? []) say(words);
  const client = await claimName();
  const store = await openBrowserStore().catch(() => forgetfulStore());
  const made = new Outbox(store, api.send, {
    acknowledged: (entry, outcome) => {
      if (session.value?.info.id === entry.image) session.value.acknowledged(entry, outcome);
    },
    conflict: (entry, error) => {
      const open = session.value, objects = (error.body.objects as string[] | undefined) ?? [];
      if (open === null || open.info.id !== entry.image) return;
      selection.value = new Set(objects);
      const first = open.objects.get(objects[0] ?? "");
      if (first !== undefined) viewer.value?.show(first.box);
      viewer.value?.repaint();
    },
    changed: (entry) => {
      if (image.value?.id === entry.image && !image.value.changed) void openImage(entry.image);
    },
    refused: (entry, error) => {
      const step = entry.step === "undo" || entry.step === "redo" ? `Could not ${entry.step}: others have edited this image since.` : error.message;
      say(entry.step !== "edits" && error.code === "conflict" ? step : error.message, true);
      if (session.value?.info.id === entry.image) void session.value.load();
    },
  }, info.id ?? info.name, client);
  outbox.value = made;
  await made.adopt(await openPages()).catch(() => {}); // what cannot be read of the browser cannot be sent
  await listed();
  await openPlace(firstPlace());
  void loadCosts();
  setInterval(() => void lookAround(), LOOK_MS);
  window.addEventListener("online", () => made.hurry());
  window.addEventListener("beforeunload", (event) => {
    if (made.entries.value.length > 0) event.preventDefault();
  });
  effect(() => {
    const open = session.value;
    if (open === null) return;
    const proposals = open.proposals.value.length;
    open.objects.version.value;
    const counts = { objects: open.objects.size, proposals };
    clearTimeout(counting);
    counting = setTimeout(() => {
      const one = list.value.images.find((other) => other?.id === open.info.id);
      if (one !== undefined) update({ ...one, ...counts });
    }, COUNT_MS);
  });
  effect(() => {
    document.title = `${made.entries.value.length > 0 ? "* " : ""}${image.value?.name ?? info.name} - maskwright`;
  });
}

/** The list of images, however long it takes until the server gives it. */
async function listed(): Promise<void> {
  for (;;) {
    try {
      await loadList();
      trouble.value = "";
      return;
    } catch (error) {
      trouble.value = error instanceof Error ? error.message : String(error);
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  }
}

/** The image in the address, so that a reload comes back to it. */
function firstPlace(): number {
  const id = Number(location.hash.slice(1));
  const found = list.value.images.findIndex((one) => one?.id === id);
  return found >= 0 ? found : 0;
}

export async function loadList(): Promise<void> {
  loading.clear();
  const { total, images } = await api.images(order.value, stateFilter.value, 0, PAGE, seed);
  list.value = { total, images };
}

/** Make sure that what the film strip shows of the list is there. */
export async function needList(from: number, to: number): Promise<void> {
  for (let page = Math.floor(from / PAGE); page * PAGE < Math.min(to, list.value.total); page++) {
    const first = page * PAGE;
    if (loading.has(page) || list.value.images[first] !== undefined) continue;
    loading.add(page);
    try {
      const { total, images } = await api.images(order.value, stateFilter.value, first, PAGE, seed);
      const all = list.value.images.slice();
      images.forEach((one, i) => (all[first + i] = one));
      list.value = { total, images: all };
    } catch {
      loading.delete(page);
    }
  }
}

export async function openPlace(to: number): Promise<void> {
  if (to < 0 || to >= list.value.total) return;
  await needList(to, to + 1);
  const listed = list.value.images[to];
  if (listed === undefined) return say("The list of images cannot be loaded: the server does not answer.", true);
  place.value = to;
  await openImage(listed.id);
}

export async function openImage(id: number): Promise<void> {
  const turn = ++opening;
  putAway();
  const slow = setTimeout(() => turn === opening && say("A large image is read for the first time; this takes a while."), SLOW_MS);
  try {
    const info = await api.image(id).finally(() => clearTimeout(slow));
    if (turn !== opening) return;
    update(info);
    image.value = info;
    history.replaceState(null, "", `#${id}`);
    if (info.trouble || info.changed || info.size_hw === null) {
      session.value = null;
      viewer.value?.open(null);
      trouble.value = info.changed ? "changed" : info.trouble || "This image cannot be shown.";
      return;
    }
    trouble.value = "";
    const open = new Session(info, outbox.value as Outbox, () => stopwatch.take());
    const isNext = isOfOpenStack(info);
    await Promise.all([open.load(), isNext ? viewer.value?.prepare(tiledOf(info)) : null]);
    if (turn !== opening) return;
    show(open, info, isNext);
    // Who goes through a stack does not want its planes opened on the way.
    setTimeout(() => turn === opening && void api.openAssistant(id, assistant.value).catch(() => {}), isNext ? REST_MS : 0);
  } catch (error) {
    if (turn !== opening) return;
    session.value = null;
    trouble.value = error instanceof Error ? error.message : String(error);
    setTimeout(() => turn === opening && void openImage(id), 2000);
  }
}

/** Whether an image is a plane of the stack that is open, and so is looked at where one looks now. */
function isOfOpenStack(info: ImageInfo): boolean {
  const now = session.value?.info;
  return now !== undefined && now.stack !== "" && now.stack === info.stack && now.size_hw?.join() === info.size_hw?.join();
}

function tiledOf(info: ImageInfo): Tiled {
  const [height, width] = info.size_hw as [number, number];
  return { id: info.id, width, height, levels: info.levels ?? 1, tile: info.tile };
}

function show(open: Session, info: ImageInfo, keepsView: boolean): void {
  const isOther = session.value?.info.dtype !== info.dtype || session.value?.info.channels !== info.channels;
  if (isOther) {
    brightness.value = contrast.value = 0;
    gamma.value = 1;
    channels.value = null;
  }
  open.objects.onChange = (box) => viewer.value?.touch(box);
  session.value = open;
  viewer.value?.open(tiledOf(info), keepsView);
  stopwatch.stir();
}

/** Leave the open image as if nothing had been begun on it. */
function putAway(): void {
  leaving.call();
  selection.value = hidden.value = new Set();
  preview.value = clicking.value = null;
  currentProposal.value = null;
  pointer.value = null;
  others.value = 0;
}

/** Put what is known of an image into the list. */
export function update(info: ImageInfo): void {
  const at = list.value.images.findIndex((one) => one?.id === info.id);
  if (at < 0) return;
  const images = list.value.images.slice();
  images[at] = info;
  list.value = { ...list.value, images };
}

export async function setState(state: ReviewState, andGoOn: boolean): Promise<void> {
  const now = image.value;
  if (now === null) return;
  try {
    const info = await api.changeImage(now.id, { state });
    if (image.value?.id === info.id) image.value = info;
    update(info);
    const { states, images } = await api.project();
    if (project.value !== null) project.value = { ...project.value, states, images };
    if (andGoOn && place.value + 1 < list.value.total) await openPlace(place.value + 1);
  } catch (error) {
    say(`The state was not saved: ${error instanceof Error ? error.message : error}`, true);
  }
}

export async function saveNote(note: string): Promise<void> {
  const now = image.value;
  if (now === null || now.note === note) return;
  const info = await api.changeImage(now.id, { note });
  if (image.value?.id === info.id) image.value = info;
  update(info);
}

/** Note what objects cost, for the number in the status line. */
export function noteCost(applied: readonly Applied[], seconds: number): void {
  costs.note(applied.map(({ object, after }) => ({ id: object, isGone: after === null })), seconds);
  cost.value = costs.median();
}

export async function loadCosts(): Promise<void> {
  try {
    costGroups.value = (await api.cost()).groups;
  } catch {
    // It is shown when it can be had.
  }
}

async function lookAround(): Promise<void> {
  const open = session.value;
  if (open === null || document.hidden) return;
  try {
    others.value = (await api.presence(open.info.id, outbox.value?.client ?? "page")).others;
    if (await open.lookForOthers()) say("Somebody else edited this image; you see it now.");
  } catch {
    // The outbox says when the server is not there.
  }
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { ServerError } from "../src/data/api.ts";
import type { BrowserStore } from "../src/data/browser_store.ts";
import { type Entry, Outbox } from "../src/data/outbox.ts";
import type { Outcome } from "../src/data/protocol.ts";

const OUTCOME: Omit<Outcome, "revision"> = { changes: [], merged: false, since: [], can_undo: true, can_redo: false };

interface Sent { image: number; step: string; body: Record<string, unknown> }

/** A server of one image, of which a test says how it answers; and a browser that keeps what it is given. */
function stage(answers: (sent: Sent, times: number) => Outcome | Error, kept = new Map<string, Entry>(), client = "me") {
  const sent: Sent[] = [], said: string[] = [];
  const store: BrowserStore = {
    all: async (project) => structuredClone([...kept.values()].filter((one) => one.project === project).sort((a, b) => a.at - b.at)),
    put: async (entries) => entries.forEach((one) => kept.set(one.key, structuredClone(one))),
    remove: async (key) => void kept.delete(key),
  };
  const send = async (image: number, step: string, body: unknown) => {
    sent.push({ image, step, body: structuredClone(body) as Record<string, unknown> });
    const answer = answers(sent[sent.length - 1], sent.length);
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const box = new Outbox(store, send, {
    acknowledged: (entry) => said.push(`acknowledged ${entry.body.name}`),
    conflict: (entry) => said.push(`conflict ${entry.body.name}`),
    refused: (entry) => said.push(`refused ${entry.body.name}`),
  }, "p", client);
  return { box, sent, said, kept };
}

const settled = async (is: () => boolean) => {
  for (let i = 0; i < 400 && !is(); i++) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.ok(is());
};

test("edits are sent one after another, each on the revision of the one before", async () => {
  let revision = 4;
  const { box, sent, said, kept } = stage(() => ({ ...OUTCOME, revision: ++revision }));
  for (const name of ["a", "b", "c"]) box.add(1, "edits", 4, { name });
  assert.equal(box.saved.value, "saving");
  await settled(() => box.saved.value === "saved");
  assert.deepEqual(sent.map((one) => one.body.base_revision), [4, 5, 6]);
  assert.deepEqual(said, ["acknowledged a", "acknowledged b", "acknowledged c"]);
  assert.equal(kept.size, 0);
});

test("what has no answer is sent again, unchanged, and the page does not say saved", async () => {
  const { box, sent } = stage((_, times) => (times < 3 ? new ServerError(0, "no-answer", "The server does not answer.") : { ...OUTCOME, revision: 1 }));
  box.add(1, "edits", 0, { name: "a" });
  await settled(() => box.saved.value === "waiting");
  box.hurry();
  await settled(() => sent.length === 2);
  box.hurry();
  await settled(() => box.saved.value === "saved");
  assert.deepEqual(sent[1], sent[0]);
  assert.deepEqual(sent[2], sent[0]);
});

test("a full disk keeps the edit", async () => {
  const { box, kept } = stage(() => new ServerError(507, "not-saved", "The disk is full."));
  box.add(1, "edits", 0, { name: "a" });
  await settled(() => box.trouble.value === "The disk is full.");
  assert.equal(kept.size, 1);
  assert.equal(box.saved.value, "waiting");
});

test("what a page that is gone left behind is sent by the next one, as it was sent before", async () => {
  const before = stage(() => new ServerError(0, "no-answer", ""), new Map(), "gone");
  before.box.add(7, "edits", 2, { name: "a" });
  before.box.add(7, "undo", 2, { name: "b" });
  await settled(() => before.sent.length === 1);
  const after = stage(({ body }) => ({ ...OUTCOME, revision: Number(body.base_revision) + 1 }), new Map(before.kept));
  await after.box.adopt((client) => client === "alive");
  await settled(() => after.box.saved.value === "saved");
  assert.deepEqual(after.sent[0], before.sent[0]);
  assert.equal(after.sent[1].body.base_revision, 3);
});

test("what another open page has on its way is left to it", async () => {
  const before = stage(() => new ServerError(0, "no-answer", ""), new Map(), "alive");
  before.box.add(7, "edits", 2, { name: "a" });
  await settled(() => before.sent.length === 1);
  const after = stage(() => ({ ...OUTCOME, revision: 3 }), new Map(before.kept));
  await after.box.adopt((client) => client === "alive");
  assert.equal(after.box.entries.value.length, 0);
});

test("a conflict waits for the person; insisting makes a new edit on what is there now", async () => {
  const { box, sent, said } = stage((_, times) => (times === 1 ? new ServerError(409, "conflict", "", { revision: 9 }) : { ...OUTCOME, revision: 10 }));
  box.add(1, "edits", 4, { name: "a" });
  box.add(1, "edits", 4, { name: "b" });
  await settled(() => box.saved.value === "asking");
  assert.deepEqual(said, ["conflict a"]);
  box.settle(true);
  await settled(() => box.saved.value === "saved");
  assert.notEqual(sent[1].body.edit_id, sent[0].body.edit_id);
  assert.deepEqual(sent.map((one) => one.body.base_revision), [4, 9, 10]);
});

test("a conflict that is given up drops the edit and goes on with the next", async () => {
  const { box, sent } = stage((_, times) => (times === 1 ? new ServerError(409, "conflict", "", { revision: 9 }) : { ...OUTCOME, revision: 10 }));
  box.add(1, "edits", 4, { name: "a" });
  box.add(2, "edits", 1, { name: "b" });
  await settled(() => box.saved.value === "asking");
  box.settle(false);
  await settled(() => box.saved.value === "saved");
  assert.deepEqual(sent.map((one) => one.body.name), ["a", "b"]);
});

test("what can never be is said and does not hold up the rest", async () => {
  const { box, said } = stage(({ body }) => (body.name === "a" ? new ServerError(422, "not-possible", "locked") : { ...OUTCOME, revision: 1 }));
  box.add(1, "edits", 0, { name: "a" });
  box.add(1, "edits", 0, { name: "b" });
  await settled(() => box.saved.value === "saved");
  assert.deepEqual(said, ["refused a", "acknowledged b"]);
});

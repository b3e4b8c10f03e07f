// 10,000 objects on 8192 x 8192: a stroke is painted within 50 ms and acknowledged within 200 ms; moving and zooming stay smooth.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { at, check, opened, root, saved, story } from "./stage.mjs";

const python = process.env.PYTHON ?? join(process.env.MASKWRIGHT ?? join(root, ".venv/bin/maskwright"), "../python");
const SIDE = Number(process.env.SIDE ?? 8192), OBJECTS = Number(process.env.OBJECTS ?? 10000);
const PAINTED_MS = 50, SAVED_MS = 200;

const folder = mkdtempSync(join(tmpdir(), "maskwright-crowd-"));
mkdirSync(folder, { recursive: true });
const file = join(folder, "crowd.png");
const changes = JSON.parse(execFileSync(python, [join(root, "web/stories/crowd.py"), SIDE, OBJECTS, file], { maxBuffer: 1 << 30 }));

const middle = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const worst = (values) => Math.max(...values);
const told = (name, values) => console.log(`  ${name}: median ${middle(values).toFixed(0)} ms, worst ${worst(values).toFixed(0)} ms of ${values.length}`);

await story("crowd", { files: [file], options: ["--classes", "cell,other", "--max-pixels", String(SIDE * SIDE + 1)] }, async ({ server, page, shot }) => {
  await server.ask("GET", "/images/1");
  for (let i = 0; i < changes.length; i += 2000) {
    const { revision } = await server.ask("GET", "/images/1");
    await server.ask("POST", "/images/1/edits", { edit_id: crypto.randomUUID(), base_revision: revision, tool: "import", changes: changes.slice(i, i + 2000) });
  }
  const began = Date.now();
  await page.reload();
  await opened(page);
  console.log(`  opened with ${OBJECTS} objects in ${Date.now() - began} ms`);
  await page.waitForTimeout(2500);
  console.log(`  all objects painted in ${(await page.evaluate(() => window.maskwright.viewer.value.paintMs)).toFixed(0)} ms`);
  await shot("all");
  // Frames while moving: how long the page's own drawing takes.
  const frames = await page.evaluate(async () => {
    const viewer = window.maskwright.viewer.value;
    const times = [];
    const draw = viewer.drawFrame.bind(viewer);
    viewer.drawFrame = () => {
      const start = performance.now();
      draw();
      times.push(performance.now() - start);
    };
    const next = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    const result = {};
    for (const [name, act] of [["moving at the whole image", () => viewer.moveBy(9, 5)], ["zooming", () => viewer.zoomTo(viewer.view.value.scale * 1.07)]]) {
      times.length = 0;
      for (let i = 0; i < 30; i++) {
        act();
        await next();
      }
      result[name] = [...times];
    }
    viewer.zoomTo(1);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    times.length = 0;
    for (let i = 0; i < 30; i++) {
      viewer.moveBy(-9, -5);
      await next();
    }
    result["moving at 1:1"] = [...times];
    return result;
  });
  for (const [name, times] of Object.entries(frames)) told(`a frame while ${name}`, times);
  await page.waitForTimeout(1500);
  // Strokes: from the pointer's move to the end of the drawing of its frame, and from the pen's lifting to the acknowledgement.
  await page.keyboard.press("b");
  const painted = [], acknowledged = [];
  await page.evaluate(() => {
    window.moves = [];
    const viewer = window.maskwright.viewer.value, draw = viewer.drawFrame.bind(viewer);
    let moved = null;
    viewer.host.addEventListener("pointermove", (event) => event.buttons === 1 && (moved ??= event.timeStamp), true);
    viewer.drawFrame = () => {
      draw();
      if (moved !== null) window.moves.push(performance.now() - moved);
      moved = null;
    };
    window.acknowledged = [];
    let lifted = 0;
    viewer.host.addEventListener("pointerup", () => (lifted = performance.now()), true);
    window.maskwright.outbox.value.saved.subscribe((state) => {
      if (state !== "saved" || lifted === 0) return;
      window.acknowledged.push(performance.now() - lifted);
      lifted = 0;
    });
  });
  const view = await page.evaluate(() => [window.maskwright.viewer.value.width / 2 - window.maskwright.viewer.value.view.value.left, window.maskwright.viewer.value.height / 2 - window.maskwright.viewer.value.view.value.top]);
  for (let i = 0; i < 12; i++) {
    await page.keyboard.press("n");
    const start = await at(page, Math.round(view[0] - 200 + 30 * i), Math.round(view[1] - 100));
    await page.mouse.move(start.x, start.y);
    await page.mouse.down();
    for (let j = 0; j < 12; j++) {
      await page.mouse.move(start.x + 12 * j, start.y + 20 * j);
      await page.waitForTimeout(16);
    }
    await page.mouse.up();
    await saved(page);
  }
  painted.push(...(await page.evaluate(() => window.moves)));
  acknowledged.push(...(await page.evaluate(() => window.acknowledged)));
  told("a move of the brush is painted after", painted);
  told("a stroke is acknowledged after", acknowledged);
  told("of which the server's answer takes", await page.evaluate(() => performance.getEntriesByType("resource").filter((one) => one.name.endsWith("/edits")).map((one) => one.duration)));
  await shot("stroke");
  check((await server.objects()).length === OBJECTS + 12, "every stroke is an object");
  check(middle(painted) <= PAINTED_MS, `a move is painted within ${PAINTED_MS} ms`);
  check(middle(acknowledged) <= SAVED_MS, `a stroke is acknowledged within ${SAVED_MS} ms`);
});

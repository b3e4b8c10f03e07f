// An image of 20,000 x 20,000 pixels: open at once, sharp where one looks, whole a little later, and clicks are answered where they were.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { check, clickAt, opened, root, saved, story } from "./stage.mjs";

const SIDE = Number(process.env.SIDE ?? 20000);
const python = process.env.PYTHON ?? join(process.env.MASKWRIGHT ?? join(root, ".venv/bin/maskwright"), "../python");
const folder = mkdtempSync(join(tmpdir(), "maskwright-slide-"));
const slide = join(folder, "slide.tif");
execFileSync(python, [join(root, "web/stories/slide.py"), slide, String(SIDE)]);

try {
  await story("large", { files: [slide], options: ["--classes", "nucleus", "--no-learning"] }, async ({ server, page, shot }) => {
    check((await server.ask("GET", "/images/1")).size_hw[0] === SIDE, "its size is known");
    await shot("first");
    const began = Date.now();
    await page.evaluate((middle) => window.maskwright.viewer.value.show([middle, middle, middle + 200, middle + 200]), SIDE / 2);
    await page.waitForTimeout(100); // one drawing
    await page.waitForFunction(() => window.maskwright.viewer.value.tiles.missing === 0, null, { timeout: 60000, polling: 50 });
    console.log(`  sharp in the middle after ${Date.now() - began} ms`);
    await shot("near");
    await clickAt(page, SIDE / 2 + 100, SIDE / 2 + 100);
    await page.waitForFunction(() => window.maskwright.clicking.value?.isBusy === false, null, { timeout: 60000 });
    await shot("clicked");
    await page.keyboard.press("Escape");
    await page.keyboard.press("b");
    await clickAt(page, SIDE / 2 + 100, SIDE / 2 + 100);
    await saved(page);
    const [object] = await server.objects();
    check(object.box[0] < SIDE / 2 + 100 && SIDE / 2 + 100 < object.box[2], `a stroke lies where it was painted, not at ${object.box}`);
    await page.evaluate(() => window.maskwright.viewer.value.fit());
    await page.waitForTimeout(2500);
    await shot("coming");
    await page.waitForFunction(() => window.maskwright.viewer.value.tiles.missing === 0, null, { timeout: 300000, polling: 200 });
    console.log(`  all of it is there after ${((Date.now() - began) / 1000).toFixed(1)} s`);
    await page.waitForTimeout(6000); // the little picture asks again
    await shot("whole");
    await page.reload();
    await opened(page);
    check((await page.evaluate(() => window.maskwright.session.value.objects.size)) === 1, "a reload loses nothing");
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}

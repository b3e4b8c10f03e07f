// A stack of slices at two times: stepped through where one looks, labelled plane by plane, objects carried on to the next, and trained on as it lies.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { check, drag, nuclei, opened, saved, stack, story } from "./stage.mjs";

const planeIs = (page, plane) => page.waitForFunction((plane) => window.maskwright.session.value?.info.plane === plane && window.maskwright.image.value?.plane === plane, plane, { timeout: 20000 });
const view = (page) => page.evaluate(() => JSON.stringify(window.maskwright.viewer.value.view.value));

await story("stack", { files: [stack(), nuclei], options: ["--classes", "cell", "--no-learning"] }, async ({ server, page, shot, folder }) => {
  check((await server.ask("GET", "/images")).total === 25, "each plane is an image, and so is the photograph");
  check((await page.textContent(".image-name")) === "embryo.tif/t=0 z=0", "the first plane is open");
  await page.focus(".canvas");
  await page.evaluate(() => window.maskwright.viewer.value.show([300, 300, 400, 400]));
  await page.evaluate(() => window.maskwright.viewer.value.zoomTo(3));
  const where = await view(page);
  // From here on: how much of the view is missing whenever a plane is drawn first.
  await page.evaluate(() => {
    const { tiles } = window.maskwright.viewer.value, draw = tiles.draw.bind(tiles);
    window.missing = [];
    let before = null;
    tiles.draw = (...given) => {
      draw(...given);
      const id = window.maskwright.session.value?.info.id;
      if (id !== before) window.missing.push(tiles.missing);
      before = id;
    };
  });
  const began = Date.now();
  for (let z = 1; z <= 5; z++) {
    await page.keyboard.press("q");
    await planeIs(page, `t=0 z=${z}`);
  }
  console.log(`  ${(Date.now() - began) / 5} ms a plane`);
  await page.waitForTimeout(200);
  const missing = await page.evaluate(() => window.missing);
  check(missing.length >= 5 && missing.slice(-4).every((count) => count === 0), `planes are drawn whole at once: ${missing}`);
  check((await view(page)) === where, "one looks at the same place");
  await page.waitForFunction(() => window.maskwright.viewer.value.tiles.missing === 0);
  const five = await page.evaluate(() => window.maskwright.image.value.id);
  await page.keyboard.press("b");
  await page.evaluate(() => (window.maskwright.brushSize.value = 24));
  await drag(page, [[340, 350], [360, 350]]);
  await saved(page);
  await shot("painted");
  await page.keyboard.press("q");
  await planeIs(page, "t=0 z=6");
  check((await page.evaluate(() => window.maskwright.session.value.objects.size)) === 0, "the next plane has no objects yet");
  await page.keyboard.press("r");
  await page.waitForFunction(() => window.maskwright.session.value.objects.size === 1);
  await saved(page);
  const [six] = await server.objects(five + 1), [before] = await server.objects(five);
  check(six.runs === before.runs && six.id !== before.id, "the object of the plane before was copied");
  await page.keyboard.press("y");
  await planeIs(page, "t=1 z=6");
  await page.keyboard.press("Shift+y");
  await planeIs(page, "t=0 z=6");
  // Many presses in a row end where they should, however many of them are skipped.
  for (let i = 0; i < 20; i++) await page.keyboard.press("q");
  await planeIs(page, "t=0 z=11");
  check((await page.getAttribute('[data-command="next-plane"]', "disabled")) !== null, "there is no plane after the last");
  await page.focus('.planes input[aria-label="Slice of the stack"]');
  await page.keyboard.press("Home");
  await planeIs(page, "t=0 z=0");
  await page.focus(".canvas");
  await page.keyboard.press("r");
  await page.waitForSelector('.said:has-text("This is the first plane of the stack.")');
  await page.mouse.move(600, 400);
  await page.keyboard.down("Alt");
  await page.mouse.wheel(0, 120);
  await page.keyboard.up("Alt");
  await planeIs(page, "t=0 z=1");
  check((await view(page)) === where, "and still at the same place");
  await page.keyboard.press("PageDown");
  await planeIs(page, "t=0 z=2");
  check((await view(page)) === where, "the next image of the list is the next plane, at the same place");
  await page.keyboard.press("d");
  await planeIs(page, "t=0 z=3");
  check((await page.textContent(".stack")) === "embryo.tif", "the planes stand together under their file");
  await page.keyboard.press("Home");
  await page.waitForTimeout(600);
  await shot("whole");
  await page.reload();
  await opened(page);
  check((await page.evaluate(() => window.maskwright.image.value.plane)) === "t=0 z=3", "a reload comes back to the plane");
  const labels = join(folder, "project/labels/embryo.tif/t=0 z=5.json");
  for (let i = 0; i < 100 && !existsSync(labels); i++) await page.waitForTimeout(100);
  check(JSON.parse(readFileSync(labels, "utf8")).objects.length === 1, "the plane has a label file of its own");
  await page.evaluate(() => (document.querySelector(".strip").scrollLeft = 1e6));
  await page.click('.thumbnail[title="nuclei.png"]');
  await page.waitForFunction(() => window.maskwright.session.value?.info.name === "nuclei.png");
  check((await page.$(".planes")) === null, "an image that is no stack has no slider");
});

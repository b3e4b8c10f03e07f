// A mask is finished with the keyboard alone, by clicks, by brush and by polygon; then the image is done and the next one opens.
import { check, nuclei, photographs, saved, story } from "./stage.mjs";

const press = async (page, key, times = 1) => {
  for (let i = 0; i < times; i++) await page.keyboard.press(key);
};

await story("keyboard", { files: [nuclei, nuclei.replace("images", "masks")].slice(0, 1).concat(photographs(2)), options: ["--classes", "nucleus,debris"] }, async ({ server, page, shot }) => {
  const image = await page.evaluate(() => window.maskwright.image.value.id);
  const start = await page.evaluate(() => document.activeElement?.className ?? "");
  check(!/button/.test(start), "nothing has the focus that would take the keys");
  await press(page, "b");
  await press(page, "]", 3);
  await press(page, "ArrowLeft", 4);
  await press(page, "Space"); // pen down
  await press(page, "ArrowRight", 8);
  await press(page, "ArrowDown", 4);
  await shot("pen");
  await press(page, "Space"); // pen up
  await saved(page);
  let objects = await server.objects(image);
  check(objects.length === 1 && objects[0].tool === "brush", "a brush stroke was made by keys");
  await press(page, "Enter");
  await press(page, "2");
  await press(page, "p");
  await press(page, "ArrowUp", 9);
  await press(page, "Space");
  await press(page, "ArrowRight", 6);
  await press(page, "Space");
  await press(page, "Control+ArrowDown", 20);
  await press(page, "Space");
  await shot("polygon");
  await press(page, "Enter");
  await saved(page);
  objects = await server.objects(image);
  check(objects.length === 2 && objects.some((one) => one.tool === "polygon" && one.class_id === 2), "a polygon of the second class");
  await press(page, "Escape", 2);
  await press(page, "c");
  await press(page, "ArrowLeft", 12);
  await press(page, "Space");
  await page.waitForFunction(() => window.maskwright.clicking.value?.answers.length > 0, null, { timeout: 15000 });
  await press(page, "Enter");
  await saved(page);
  check((await server.objects(image)).some((one) => one.tool === "click"), "a click made a mask");
  await press(page, "j");
  await press(page, "j");
  check((await page.evaluate(() => window.maskwright.selection.value.size)) === 1, "objects can be gone through");
  await press(page, "Delete");
  await saved(page);
  check((await server.objects(image)).length === 2, "and deleted");
  await press(page, "?");
  await page.waitForSelector("dialog.keys");
  await shot("sheet");
  await press(page, "Escape");
  await press(page, "Control+k");
  await page.keyboard.type("outlines");
  await shot("search");
  await press(page, "Enter");
  await page.waitForFunction(() => window.maskwright.outlineOnly.value);
  if (photographs(1).length > 0) {
    await press(page, "d");
    await page.waitForFunction((id) => window.maskwright.session.value && window.maskwright.image.value.id !== id, image);
  } else await press(page, "d");
  check((await server.ask("GET", "/project")).states.done === 1, "the image is done");
  // Everything can be reached by Tab, and nothing holds it.
  const seen = new Set();
  for (let i = 0; i < 80; i++) {
    await press(page, "Tab");
    seen.add(await page.evaluate(() => document.activeElement?.closest("header, nav, main, aside, footer, .options")?.className ?? "outside"));
  }
  for (const part of ["top", "toolbar", "middle", "side", "film"]) check(seen.has(part), `Tab reaches ${part}: ${[...seen]}`);
});

// Two tabs on one image: what does not touch is merged, what does is asked about, and both end with the same.
import { check, drag, openPage, saved, story } from "./stage.mjs";

const ids = (page) => page.evaluate(() => window.maskwright.session.value.objects.all().map((item) => `${item.id} ${item.area} ${item.class_id}`).sort().join("\n"));
const brush = async (page, points) => {
  await page.keyboard.press("b");
  await page.keyboard.press("n");
  await drag(page, points);
};

await story("tabs", { options: ["--classes", "nucleus,debris"] }, async ({ server, context, page, shot }) => {
  const other = await openPage(context, server);
  await Promise.all([brush(page, [[40, 40], [90, 60]]), brush(other, [[300, 300], [360, 320]])]);
  await Promise.all([saved(page), saved(other)]);
  check((await server.objects()).length === 2, "both strokes are there");
  await page.waitForFunction(() => window.maskwright.session.value.objects.size === 2, null, { timeout: 15000 });
  await other.waitForFunction(() => window.maskwright.session.value.objects.size === 2, null, { timeout: 15000 });
  check((await ids(page)) === (await ids(other)), "both pages show the same");
  await page.waitForFunction(() => window.maskwright.others.value === 1, null, { timeout: 15000 });
  // The other tab does not hear of a change of class, and changes the same object.
  await other.route("**/changes?*", (route) => route.abort());
  const id = await page.evaluate(() => window.maskwright.session.value.objects.all()[0].id);
  const choose = (one) => one.evaluate((id) => (window.maskwright.selection.value = new Set([id])), id);
  await choose(page);
  await page.keyboard.press("2");
  await saved(page);
  await choose(other);
  await other.keyboard.press("s");
  await other.keyboard.press("l");
  await other.waitForSelector("dialog.form");
  check((await other.getAttribute(".saved", "data-saved")) === "asking", "the page does not say saved while it asks");
  await shot("question", other);
  await other.click("text=Put mine on top");
  await saved(other);
  await other.waitForTimeout(300);
  const object = (await server.objects()).find((one) => one.id === id);
  check(object.class_id === 2 && object.locked, "both are there: the class of the one, the shape and the lock of the other");
  // Again, and theirs is kept.
  await other.keyboard.press("l");
  await saved(other);
  await page.waitForTimeout(5000);
  await choose(page);
  await page.keyboard.press("1");
  await saved(page);
  await choose(other);
  await other.keyboard.press("Shift+G");
  await other.waitForSelector("dialog.form");
  await other.click("text=Keep theirs");
  await saved(other);
  await other.unroute("**/changes?*");
  await other.waitForTimeout(5000);
  check((await ids(page)) === (await ids(other)), "both pages show the same at the end");
  check((await server.objects()).find((one) => one.id === id).class_id === 1, "theirs was kept");
  // A tab that is closed with nothing on its way leaves nothing behind.
  await other.close();
});

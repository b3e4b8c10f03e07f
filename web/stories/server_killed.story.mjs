// The server is killed in the middle of painting, and started again; then the tab is closed while the server is down.
import { check, drag, openPage, saved, story } from "./stage.mjs";

const brush = async (page, points) => {
  await page.keyboard.press("n");
  await drag(page, points);
};
const state = (page) => page.getAttribute(".saved", "data-saved");

await story("killed", { options: ["--classes", "nucleus,debris"] }, async ({ server, context, page, shot }) => {
  await page.keyboard.press("b");
  await brush(page, [[30, 30], [80, 40]]);
  await saved(page);
  const strokes = brush(page, [[100, 100], [180, 110], [150, 180], [260, 190], [240, 260]]);
  await server.stop("SIGKILL");
  await strokes;
  await brush(page, [[300, 100], [380, 110]]);
  await brush(page, [[300, 200], [380, 210]]);
  await page.keyboard.press("Control+z");
  await brush(page, [[300, 300], [380, 310]]);
  await page.waitForSelector('[data-saved="waiting"]');
  check(/Not saved: 5 edits wait/.test(await page.textContent(".saved")), `the page says what waits: ${await page.textContent(".saved")}`);
  await shot("not-saved");
  check((await page.evaluate(() => window.maskwright.session.value.objects.size)) === 4, "painting goes on");
  await server.start();
  await page.click("text=Try now");
  await saved(page);
  check((await server.objects()).length === 4, "everything is there once the server is back");
  const shown = await page.evaluate(() => window.maskwright.session.value.objects.all().map((item) => [item.id, item.area]).sort());
  check(JSON.stringify(shown) === JSON.stringify((await server.objects()).map((item) => [item.id, item.area]).sort()), "page and server hold the same");
  // Down again: the tab is closed with edits that wait; the next one sends them.
  await server.stop("SIGKILL");
  await brush(page, [[60, 400], [160, 420]]);
  await page.keyboard.press("2");
  await page.waitForSelector('[data-saved="waiting"]');
  await page.close();
  await server.start();
  const next = await openPage(context, server);
  await saved(next);
  const objects = await server.objects();
  check(objects.length === 5 && objects.filter((one) => one.class_id === 2).length === 1, `what waited in the browser arrived: ${objects.length}`);
  check((await next.evaluate(() => window.maskwright.session.value.objects.size)) === 5, "and is seen");
  check((await state(next)) === "saved", "saved is said when it is");
  await shot("back", next);
});

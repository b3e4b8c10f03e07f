// The file of the open image is replaced: what is painted waits, the page asks, and nothing is lost.
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { check, drag, opened, saved, story } from "./stage.mjs";

await story("changed", { options: ["--classes", "nucleus"] }, async ({ server, page, shot, folder }) => {
  await page.keyboard.press("b");
  await drag(page, [[40, 40], [90, 60]]);
  await saved(page);
  appendFileSync(join(folder, "images/nuclei.png"), "another file now");
  await page.keyboard.press("n");
  await drag(page, [[200, 200], [290, 260]]);
  await page.waitForSelector("text=Take the file as it is now", { timeout: 20000 });
  check((await page.getAttribute(".saved", "data-saved")) === "waiting", "the page does not say saved");
  await shot("asked");
  await page.click("text=Take the file as it is now");
  await opened(page);
  await saved(page);
  check((await server.objects()).length === 2, "what was painted in between is there");
  check((await page.evaluate(() => window.maskwright.session.value.objects.size)) === 2, "and seen");
});

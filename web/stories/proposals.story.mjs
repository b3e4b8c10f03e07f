// Proposals corrected in bulk: most are accepted at once, some one by one, some rejected, one repaired; a step back opens them again.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { check, clickAt, nuclei, root, saved, story } from "./stage.mjs";

const python = process.env.PYTHON ?? join(process.env.MASKWRIGHT ?? join(root, ".venv/bin/maskwright"), "../python");

await story("proposals", { options: ["--classes", "nucleus,debris"] }, async ({ server, page, shot }) => {
  const proposals = JSON.parse(execFileSync(python, [join(root, "web/stories/objects_of.py"), join(nuclei, "../../masks")]));
  await server.ask("POST", "/images/1/proposals", { proposals });
  await page.reload();
  await page.waitForFunction((count) => window.maskwright.session.value?.proposals.value.length === count, proposals.length);
  await page.waitForTimeout(400);
  await shot("proposed");
  await page.fill('section.proposals input[type="range"]', "0.9");
  const sure = proposals.filter((one) => one.score >= 0.9).length;
  await page.waitForFunction((count) => window.maskwright.shownProposals.value.length === count, sure);
  await page.click('button[data-command="accept-all"]');
  await saved(page);
  check((await server.objects()).length === sure, `all ${sure} sure ones were accepted in one step`);
  check((await server.ask("GET", "/cost")).groups[0].median_seconds < 2, "in bulk they cost next to nothing");
  await page.keyboard.press("Control+z");
  await saved(page);
  check((await server.objects()).length === 0, "one step takes all of them back");
  await page.waitForFunction((count) => window.maskwright.session.value.proposals.value.length === count, proposals.length);
  await page.keyboard.press("Control+y");
  await saved(page);
  await page.waitForFunction((count) => window.maskwright.session.value.proposals.value.length === count, proposals.length - sure).catch(() => {
    throw new Error("done again, they are decided again");
  });
  await page.fill('section.proposals input[type="range"]', "0.5");
  await page.keyboard.press(".");
  await page.waitForTimeout(200);
  await shot("one");
  for (const key of ["a", "a", "x", "a"]) await page.keyboard.press(key);
  await saved(page);
  check((await server.objects()).length === sure + 3, "three more were accepted one by one");
  const open = (await server.ask("GET", "/images/1/proposals")).proposals.length;
  check(open === proposals.length - sure - 4, "and one was rejected");
  await page.keyboard.press("Escape");
  await page.keyboard.press("v");
  await page.keyboard.press("Home");
  const first = (await server.objects()).sort((a, b) => b.area - a.area)[0];
  await clickAt(page, Math.round((first.box[0] + first.box[2]) / 2), Math.round((first.box[1] + first.box[3]) / 2));
  check((await page.evaluate(() => window.maskwright.selection.value.size)) === 1, "an accepted object is chosen with a click");
  await page.keyboard.press("Shift+G");
  await saved(page);
  check((await server.objects()).find((one) => one.id === first.id).area > first.area, "and repaired");
  await page.keyboard.press("Shift+A");
  await page.keyboard.press("Escape");
  await saved(page);
  await page.waitForTimeout(200);
  await shot("accepted");
});

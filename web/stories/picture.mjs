// Draw the picture of the page for docs/how-to/label.md: node web/stories/picture.mjs
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { clickAt, nuclei, photographs, root, saved, story } from "./stage.mjs";

const python = process.env.PYTHON ?? join(process.env.MASKWRIGHT ?? join(root, ".venv/bin/maskwright"), "../python");

await story("picture", { files: [nuclei], options: ["--classes", "nucleus,debris"], size: { width: 1120, height: 700 } }, async ({ server, page }) => {
  const proposals = JSON.parse(execFileSync(python, [join(root, "web/stories/objects_of.py"), join(nuclei, "../../masks")]));
  await server.ask("POST", "/images/1/proposals", { proposals });
  await page.reload();
  await page.waitForFunction((count) => window.maskwright.session.value?.proposals.value.length === count, proposals.length);
  await page.waitForTimeout(800);
  await page.fill('section.proposals input[type="range"]', "0.72");
  await page.keyboard.press("Shift+A");
  await saved(page);
  await page.fill('section.proposals input[type="range"]', "0.5");
  await page.keyboard.press("v");
  await clickAt(page, 464, 312);
  await page.waitForTimeout(5000);
  await page.mouse.move(5, 5);
  await page.screenshot({ path: join(root, "docs/images/studio.jpg"), type: "jpeg", quality: 82 });
});

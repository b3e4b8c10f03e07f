// What the accessibility checker axe finds, in both themes and with every window open: nothing serious.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { check, drag, saved, stack, story } from "./stage.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

await story("access", { files: [stack()], options: ["--classes", "nucleus,debris"] }, async ({ page, shot }) => {
  await page.keyboard.press("b");
  await drag(page, [[100, 100], [200, 160]]);
  await saved(page);
  for (const panel of ["details.learning", "details.appearance:not(.learning)"]) await page.click(`${panel} summary`);
  let found = 0;
  const look = async (where) => {
    await page.waitForTimeout(250);
    await page.evaluate(axe); // not as a script of the page, which its policy forbids
    const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
    for (const one of violations) {
      console.log(`  ${where}: ${one.impact}: ${one.id}: ${one.help} (${one.nodes.length}: ${one.nodes[0].html.slice(0, 120)})`);
      if (one.impact === "serious" || one.impact === "critical") found++;
    }
    await shot(where);
  };
  for (const theme of ["dark", "light"]) {
    await look(theme);
    for (const [name, key] of [["keys", "?"], ["commands", "Control+k"], ["note", "Shift+N"]]) {
      await page.keyboard.press(key);
      await look(`${theme}-${name}`);
      await page.keyboard.press("Escape");
    }
    await page.click('button[aria-label="Change nucleus"]');
    await look(`${theme}-class`);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Shift+T");
  }
  check(found === 0, `axe found ${found} serious faults`);
});

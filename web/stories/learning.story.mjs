// What has been learnt while one labels: the curve, the verdict, pause and settings; and it begins nothing without labels.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { check, story } from "./stage.mjs";

const rounds = [[5, 0.41, 0.22, 0.6, 4.1], [10, 0.63, 0.5, 0.75, 9.6], [20, 0.71, 0.62, 0.8, 17.2], [40, 0.715, 0.63, 0.79, 31], [60, 0.71, 0.64, 0.78, 44.5]];

await story("learning", {}, async ({ server, page, shot, folder }) => {
  rounds.forEach(([images, score, low, high, minutes], i) => {
    const place = join(folder, "project", "models", String(i + 1));
    mkdirSync(place, { recursive: true });
    const names = Array.from({ length: images }, (_, at) => `image-${at}.png`);
    writeFileSync(join(place, "round.json"), JSON.stringify({
      number: i + 1, task: "instance", labelled: names.slice(images / 5), held_out: names.slice(0, images / 5), minutes, seconds: 130,
      metric: "average precision/all objects", score, low, high, digest: "0f5e2c81d9aa".repeat(5), classes: [0, 1],
    }));
  });
  await page.waitForTimeout(5000);
  await page.click(".learning summary");
  await page.waitForSelector(".curve polyline");
  check((await page.locator(".curve circle").count()) === rounds.length, "A point a round.");
  check(/stopped helping/.test(await page.textContent(".learning .hint")), "It says that more labels have stopped helping.");
  await page.keyboard.press("c");
  await page.waitForSelector(".options option:has-text('learned')", { state: "attached" }); // what has learned answers clicks
  await page.click(".learning button:has-text('Learn now')");
  await page.waitForFunction(() => /mark images with objects as done/.test(document.querySelector(".said")?.textContent ?? ""));
  await page.fill(".learning input[type=number] >> nth=0", "7");
  await page.press(".learning input[type=number] >> nth=0", "Tab");
  await page.waitForFunction(() => /after 7 more images/.test(document.querySelector(".learning-state")?.textContent ?? ""));
  check((await server.ask("GET", "/learning")).after === 7, "The server has the setting.");
  await shot("panel");
  await page.uncheck(".learning input[type=checkbox]");
  await page.waitForSelector('.learning-state[data-state="off"]');
});

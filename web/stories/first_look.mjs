import { story, clickAt, drag, saved, photographs, nuclei } from "./stage.mjs";
await story("look", { files: [nuclei, ...photographs(12)], options: ["--classes", "nucleus,debris,sky"] }, async ({ server, page, shot }) => {
  const list = await server.ask("GET", "/images");
  console.log(list.images.map((one) => one.name).join(" "), JSON.stringify(await server.ask("GET", "/project")));
  await page.waitForTimeout(1500);
  await shot("0");
  await page.keyboard.press("b");
  await drag(page, [[60, 60], [120, 90], [100, 150]]);
  await saved(page);
  await page.waitForTimeout(200);
  await shot("1");
  console.log(JSON.stringify(await server.ask("GET", "/cost")));
  await page.keyboard.press("?");
  await page.waitForTimeout(200);
  await shot("2");
});

// The page's memory over 1,000 changes of image stays what it is.
import { check, nuclei, photographs, story } from "./stage.mjs";

const SWITCHES = Number(process.env.SWITCHES ?? 1000);

await story("memory", { files: [nuclei, ...photographs(12)] }, async ({ page }) => {
  const total = await page.evaluate(() => window.maskwright.list.value.total);
  const used = () => page.evaluate(() => (window.gc?.(), performance.memory.usedJSHeapSize / 2 ** 20));
  const measured = [];
  for (let i = 0; i < SWITCHES; i++) {
    const back = Math.floor(i / Math.max(1, total - 1)) % 2 === 1;
    const id = await page.evaluate(() => window.maskwright.image.value.id);
    if (total === 1) break;
    await page.keyboard.press(back ? "PageUp" : "PageDown");
    await page.waitForFunction((id) => window.maskwright.session.value && window.maskwright.session.value.info.id !== id && window.maskwright.session.value.info.id === window.maskwright.image.value.id, id, { polling: 5 });
    if (i % Math.ceil(SWITCHES / 10) === Math.ceil(SWITCHES / 10) - 1) measured.push(await used());
  }
  console.log(`  heap after each tenth of ${SWITCHES} images: ${measured.map((one) => one.toFixed(1)).join(", ")} MB`);
  check(measured[measured.length - 1] < measured[1] + 8, "the heap does not grow");
});

// The pixel under the pointer is the one that is painted, at any zoom and on any screen; fingers move and zoom; classes, stuff, notes, copies.
import { check, drag, nuclei, opened, photographs, saved, story, clickAt, at } from "./stage.mjs";

const scale = (page) => page.evaluate(() => window.maskwright.viewer.value.view.value.scale);

for (const ratio of (process.env.RATIOS ?? "1,1.5,3").split(",").map(Number)) {
  await story(`view-${ratio}`, { files: [nuclei, ...photographs(2)], options: ["--classes", "nucleus,<script>alert(1)</script>"], ratio, size: { width: 1280, height: 800 } }, async ({ server, context, page, shot }) => {
    const image = (await server.ask("GET", "/images")).images.find((one) => one.name === "nuclei.png").id;
    await page.click('button[aria-label^="nuclei.png"]');
    await opened(page);
    await page.keyboard.press("b");
    await page.evaluate(() => (window.maskwright.brushSize.value = 1));
    let count = 0;
    for (const zoom of [1, 0.5, 7.3, 64]) {
      const pixel = [100 + 3 * count, 200 + count];
      await page.evaluate(([zoom, x, y]) => {
        const viewer = window.maskwright.viewer.value;
        viewer.zoomTo(zoom);
        const { scale } = viewer.view.value;
        viewer.setView({ scale, left: Math.round(viewer.width / 2 - x * scale), top: Math.round(viewer.height / 2 - y * scale) });
      }, [zoom, ...pixel]);
      await page.keyboard.press("n");
      await clickAt(page, ...pixel);
      await saved(page);
      count++;
      if (zoom < ratio) continue; // a css pixel of the pointer is more than one of the image
      const found = (await server.objects(image)).filter((one) => one.box.join() === [...pixel, pixel[0] + 1, pixel[1] + 1].join());
      check(found.length === 1 && found[0].area === 1, `at ${zoom} the pixel ${pixel} is painted: ${JSON.stringify((await server.objects(image)).map((one) => one.box))}`);
    }
    await shot("pixels");
    await page.keyboard.press("Home");
    // The wheel zooms at the pointer.
    const place = await at(page, 300, 300);
    await page.mouse.move(place.x, place.y);
    for (let i = 0; i < 8; i++) await page.mouse.wheel(0, -120);
    await page.waitForTimeout(200);
    const under = await at(page, 300, 300);
    check(Math.hypot(under.x - place.x, under.y - place.y) < 8, "what is under the pointer stays there");
    if (ratio !== 1) {
      const before = await scale(page), objects = (await server.objects(image)).length;
      const touch = await context.newCDPSession(page);
      const send = (type, ...points) => touch.send("Input.dispatchTouchEvent", { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) });
      await send("touchStart", [500, 400], [600, 400]);
      for (let i = 1; i <= 5; i++) await send("touchMove", [500 - 10 * i, 400], [600 + 10 * i, 400]);
      await send("touchEnd");
      await page.waitForTimeout(300);
      check((await scale(page)) > 1.5 * before, "two fingers zoom");
      check((await server.objects(image)).length === objects, "and paint nothing");
      await page.keyboard.press("n");
      await send("touchStart", [500, 400]);
      for (let i = 1; i <= 5; i++) await send("touchMove", [500 + 10 * i, 420]);
      await send("touchEnd");
      await saved(page);
      check((await server.objects(image)).length === objects + 1, "one finger paints");
      return;
    }
    // A class of stuff has one region, however it is painted, and regions of stuff share no pixel.
    await page.click('button[aria-label="New class"]');
    await page.fill('dialog input[type="text"]', "background");
    await page.selectOption("dialog select", "stuff");
    await page.click("dialog button[type=submit]");
    await page.waitForSelector("dialog", { state: "detached" });
    await page.click('button[aria-label="New class"]');
    await page.fill('dialog input[type="text"]', "background");
    await page.click("dialog button[type=submit]");
    await page.waitForSelector(".wrong");
    await page.fill('dialog input[type="text"]', "fluid");
    await page.selectOption("dialog select", "stuff");
    await page.click("dialog button[type=submit]");
    await page.waitForSelector("dialog", { state: "detached" });
    await page.keyboard.press("Home");
    await page.evaluate(() => (window.maskwright.brushSize.value = 40));
    const paint = async (key, points) => {
      await page.keyboard.press("Escape");
      await page.keyboard.press(key);
      await drag(page, points);
      await saved(page);
    };
    await page.keyboard.press("b");
    await paint("3", [[50, 400], [150, 400]]);
    await paint("4", [[250, 400], [350, 400]]);
    await paint("3", [[400, 400], [450, 400]]);
    await paint("4", [[130, 400], [170, 400]]);
    const stuff = (await server.objects(image)).filter((one) => one.class_id > 2);
    check(stuff.length === 2, "one region a class of stuff");
    await page.waitForTimeout(300);
    await shot("stuff");
    await page.keyboard.press("Shift+N");
    await page.fill("dialog textarea", "out of focus <b>");
    await page.click("dialog .primary");
    await page.waitForSelector("dialog", { state: "detached" });
    check((await server.ask("GET", `/images/${image}`)).note === "out of focus <b>", "a note is kept");
    check((await page.textContent(".classes")).includes("<script>alert(1)</script>"), "a class is shown by its name, whatever that is");
    await page.click("details.appearance:not(.learning) summary");
    await page.fill('details.appearance label:has-text("Contrast") input', "0.4");
    await page.fill('details.appearance label:has-text("Gamma") input', "0.6");
    await page.waitForTimeout(1500);
    await shot("contrast");
    if (photographs(1).length === 0) return;
    const objects = await server.objects(image);
    await page.focus(".canvas"); // a slider has these keys for itself
    await page.keyboard.press("PageUp");
    await page.waitForFunction((id) => window.maskwright.session.value && window.maskwright.image.value.id !== id, image);
    await opened(page);
    const before = await page.evaluate(() => window.maskwright.image.value.id);
    await paint("1", [[100, 100], [200, 200]]);
    await page.keyboard.press("PageDown");
    await page.waitForFunction((id) => window.maskwright.session.value?.info.id === id, image);
    await opened(page);
    await page.keyboard.press("r");
    await page.waitForFunction((count) => window.maskwright.session.value.objects.size === count, objects.length + (await server.objects(before)).length);
    await saved(page);
  });
}

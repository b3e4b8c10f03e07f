// What every story needs: a project of its own, the real server, a browser, and pictures of what is seen.
import { execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const out = fileURLToPath(new URL("out/", import.meta.url));
mkdirSync(out, { recursive: true });

const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"];
const command = process.env.MASKWRIGHT ?? (existsSync(join(root, ".venv/bin/maskwright")) ? join(root, ".venv/bin/maskwright") : "maskwright");

export function check(is, what) {
  if (!is) throw new Error(what);
}

/** A folder with the images of `files`, removed at the end. */
export function imagesOf(files) {
  const folder = mkdtempSync(join(tmpdir(), "maskwright-story-"));
  mkdirSync(join(folder, "images"));
  for (const file of files) cpSync(file, join(folder, "images", file.split("/").pop()));
  return folder;
}

export const nuclei = join(root, "src/maskwright/demo_data/images/nuclei.png");

/** A stack of slices at two times, as stack.py makes it; removed when the story has ended. */
export function stack() {
  const python = process.env.PYTHON ?? join(command, "../python");
  const folder = mkdtempSync(join(tmpdir(), "maskwright-stack-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  execFileSync(python, [join(root, "web/stories/stack.py"), join(folder, "embryo.tif")]);
  return join(folder, "embryo.tif");
}

/** Photographs of ../shared/data, where they are. */
export function photographs(most = 8) {
  const folder = join(root, "../shared/data/oxford_pets_26/images");
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".jpg")).slice(0, most).map((name) => join(folder, name)) : [];
}

export class Server {
  constructor(folder, ...options) {
    this.folder = folder;
    this.options = options;
  }

  async start() {
    this.process = spawn(command, ["label", join(this.folder, "images"), "--project", join(this.folder, "project"), "--no-browser", ...this.options], { env: { ...process.env, OMP_NUM_THREADS: "1" } });
    let said = "";
    this.url = await new Promise((resolve, reject) => {
      const listen = (data) => {
        said += data;
        const found = /http:\/\/\S+token=\S+/.exec(said);
        if (found) resolve(found[0]);
      };
      this.process.stdout.on("data", listen);
      this.process.stderr.on("data", listen);
      this.process.on("exit", () => reject(new Error(`The server ended: ${said}`)));
    });
    const { origin, searchParams } = new URL(this.url);
    this.origin = origin;
    this.token = searchParams.get("token");
  }

  async ask(method, path, body) {
    const answer = await fetch(`${this.origin}/api${path}`, {
      method, headers: { authorization: `Bearer ${this.token}`, "content-type": "application/json" }, body: body === undefined ? undefined : JSON.stringify(body),
    });
    const value = await answer.json();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${value.error}`);
    return value;
  }

  objects(image = 1) {
    return this.ask("GET", `/images/${image}/objects`).then((value) => value.objects);
  }

  stop(signal = "SIGTERM") {
    const ended = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.kill(signal);
    return ended;
  }
}

/** Play a story on a project of its own: `play({server, browser, page, shot})`. */
export async function story(name, { files = [nuclei], options = [], size = { width: 1440, height: 900 }, ratio = 1 }, play) {
  const folder = imagesOf(files);
  const server = new Server(folder, ...options);
  const executablePath = process.env.CHROMIUM ?? BROWSERS.find((path) => existsSync(path));
  check(executablePath, "No Chromium was found. Install it, or name it in the environment variable CHROMIUM.");
  let browser;
  const began = Date.now();
  try {
    await server.start();
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--js-flags=--expose-gc", "--enable-precise-memory-info"] });
    const context = await browser.newContext({ viewport: size, deviceScaleFactor: ratio, hasTouch: ratio !== 1 });
    const page = await openPage(context, server);
    const shot = (what, of = page) => of.screenshot({ path: join(out, `${name}-${what}.png`) });
    await play({ server, browser, context, page, shot, folder });
    check(page.faults.length === 0, `The page said: ${page.faults.join("\n")}`);
    console.log(`${name}: holds (${((Date.now() - began) / 1000).toFixed(1)} s)`);
  } finally {
    await browser?.close();
    if (server.process && server.process.exitCode === null) await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A page with an image open. What it says on its console or throws is kept in `faults`. */
export async function openPage(context, server) {
  const page = await context.newPage();
  page.faults = [];
  page.on("pageerror", (error) => page.faults.push(String(error)));
  page.on("console", (message) => message.type() === "error" && !/Failed to load resource/.test(message.text()) && page.faults.push(message.text()));
  await page.goto(server.url);
  try {
    await opened(page);
  } catch (error) {
    await page.screenshot({ path: join(out, "not-opened.png") });
    throw new Error(`No image was opened. The page said: ${page.faults.join("\n")}`, { cause: error });
  }
  return page;
}

export async function opened(page) {
  await page.waitForFunction(() => window.maskwright?.session.value && window.maskwright.image.value?.id === window.maskwright.session.value.info.id, null, { timeout: 120000 });
  await page.waitForTimeout(300);
}

export const saved = (page) => page.waitForSelector('[data-saved="saved"]', { timeout: 15000 });

/** Where a pixel of the image is on the page. */
export function at(page, x, y) {
  return page.evaluate(([ix, iy]) => {
    const viewer = window.maskwright.viewer.value, { scale, left, top } = viewer.view.value, corner = viewer.host.getBoundingClientRect();
    return { x: corner.left + ((ix + 0.5) * scale + left) / viewer.ratio, y: corner.top + ((iy + 0.5) * scale + top) / viewer.ratio };
  }, [x, y]);
}

export async function clickAt(page, x, y, options = {}) {
  const place = await at(page, x, y);
  await page.mouse.click(place.x, place.y, options);
}

/** A stroke with the button held, over pixels of the image. */
export async function drag(page, points) {
  const [first, ...rest] = points;
  let place = await at(page, ...first);
  await page.mouse.move(place.x, place.y);
  await page.mouse.down();
  for (const point of rest) {
    place = await at(page, ...point);
    await page.mouse.move(place.x, place.y, { steps: 6 });
  }
  await page.mouse.up();
}

// Build the page into the Python package: node build.mjs. The digest of the sources goes with it, so that a test sees when the page is older.
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const out = join(here, "../src/maskwright/studio/static");

function filesIn(folder) {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesIn(path) : [path];
  });
}

/** SHA-256 over names and contents of everything the page is made from; tests/studio/test_page.py does the same. */
function digest() {
  const names = [...filesIn(join(here, "src")), join(here, "build.mjs"), join(here, "package-lock.json")].map((path) => relative(here, path).replaceAll("\\", "/"));
  const hash = createHash("sha256");
  for (const name of names.sort((a, b) => (a < b ? -1 : 1))) hash.update(`${name}\n${readFileSync(join(here, name), "utf8").replaceAll("\r\n", "\n")}\n`);
  return hash.digest("hex");
}

mkdirSync(out, { recursive: true });
await build({
  entryPoints: { app: join(here, "src/main.tsx") }, outdir: out, bundle: true, minify: true, format: "esm", target: ["es2022"], legalComments: "none",
  jsx: "automatic", jsxImportSource: "preact", logLevel: "warning",
});
await build({ entryPoints: { app: join(here, "src/app.css") }, outdir: out, minify: true, logLevel: "warning" });
for (const name of ["index.html", "icon.svg"]) copyFileSync(join(here, "src", name), join(out, name));
writeFileSync(join(out, "built-from.txt"), `${digest()}\n`);

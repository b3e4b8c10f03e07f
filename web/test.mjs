// Bundle the tests and run them with Node's own test runner: node test.mjs
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const out = `${here}.test`;
rmSync(out, { recursive: true, force: true });
await build({
  entryPoints: readdirSync(`${here}tests`).filter((name) => name.endsWith(".test.ts")).map((name) => `${here}tests/${name}`),
  outdir: out, bundle: true, platform: "node", format: "esm", outExtension: { ".js": ".mjs" }, logLevel: "warning", jsx: "automatic", jsxImportSource: "preact",
});
const tests = readdirSync(out).map((name) => `${out}/${name}`);
const { status } = spawnSync(process.execPath, ["--test", "--test-force-exit", ...tests], { stdio: "inherit", env: { ...process.env, GOLDEN_RUNS: `${here}../tests/golden/runs.json` } });
process.exit(status ?? 1);

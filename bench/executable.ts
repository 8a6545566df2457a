/** The program as an executable for this machine, as a release has it but of the runtime that runs here: `PATH`. */
import { chmodSync, existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { compile } from "../src/release/compile.ts";
import { TARGETS } from "../src/release/targets.ts";

const [path = ""] = process.argv.slice(2);
if (!existsSync(path)) {
  const target = TARGETS.find(({ name }) => name === `${process.platform}-${process.arch}`);
  if (target === undefined) throw new Error(`no executable for ${process.platform}-${process.arch}`);
  process.chdir(join(import.meta.dir, ".."));
  const folder = mkdtempSync(join(dirname(path), "executable-"));
  try {
    const made = join(folder, "made");
    writeFileSync(made, compile(target, process.execPath, folder));
    chmodSync(made, 0o755);
    renameSync(made, path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

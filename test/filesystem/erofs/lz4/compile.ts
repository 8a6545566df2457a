/** The compressor out of its sources, as its build.json says; as a program, what is committed is made anew. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { builtModule } from "../../../support/built-module.ts";
import { withTemporaryFolder } from "../../../support/temporary.ts";
import { runZig, ZIG_PACKAGE } from "../../../support/zig.ts";

const LZ4 = join(import.meta.dir, "../../../../src/filesystem/erofs/lz4");

interface Recipe {
  readonly compiler: string;
  readonly flags: readonly string[];
  readonly target: string;
}

/** Compiles it in `folder`: where that is has no say in the bytes. */
export function compileLz4(folder: string): Buffer {
  const { compiler, flags, target } = JSON.parse(readFileSync(join(LZ4, "build.json"), "utf8")) as Recipe;
  if (compiler !== ZIG_PACKAGE) throw new Error(`the recipe is for ${compiler}, here is ${ZIG_PACKAGE}`);
  const sources = readdirSync(join(LZ4, "program")).filter((name) => name.endsWith(".c"));
  const out = join(folder, "lz4.wasm");
  runZig(folder, [
    ...["cc", "-target", target, ...flags],
    ...sources.sort().map((name) => join(LZ4, "program", name)),
    ...["-o", out],
  ]);
  return readFileSync(out);
}

if (import.meta.main) {
  const program = withTemporaryFolder(compileLz4);
  const path = join(LZ4, "built.ts");
  const comment = "The compressor: a WebAssembly module in base64, made from program/ by `npm run lz4`.";
  writeFileSync(path, builtModule(comment, "WASM", program));
  console.log(`${path}: ${program.length} bytes`);
}

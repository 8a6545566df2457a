/** ovms-init out of its sources, as src/guest/build.json says; as a program, what is committed is made anew. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { builtModule } from "../support/built-module.ts";
import { withTemporaryFolder } from "../support/temporary.ts";
import { runZig, ZIG_PACKAGE, zigLibrary } from "../support/zig.ts";

const GUEST = join(import.meta.dir, "../../src/guest");

interface Recipe {
  readonly compiler: string;
  readonly flags: readonly string[];
  readonly targets: Readonly<Record<Machine, { target: string; kernelHeaders: readonly string[] }>>;
}

export const MACHINES = ["x86_64", "aarch64"] as const;
export type Machine = (typeof MACHINES)[number];

/** Compiles it below `folder`, which is made: where that is has no say in the bytes. */
export function compileGuest(machine: Machine, folder: string): Buffer {
  const { compiler, flags, targets } = JSON.parse(readFileSync(join(GUEST, "build.json"), "utf8")) as Recipe;
  if (compiler !== ZIG_PACKAGE) throw new Error(`the recipe is for ${compiler}, here is ${ZIG_PACKAGE}`);
  const { target, kernelHeaders } = targets[machine];
  const sources = readdirSync(join(GUEST, "program")).filter((name) => name.endsWith(".c"));
  const headers = kernelHeaders.flatMap((name) => ["-isystem", join(zigLibrary(), "libc/include", name)]);
  const out = join(folder, "ovms-init");
  mkdirSync(folder, { recursive: true });
  runZig(folder, [
    ...["cc", "-target", target, ...flags, ...headers],
    ...sources.sort().map((name) => join(GUEST, "program", name)),
    ...["-o", out],
  ]);
  return readFileSync(out);
}

if (import.meta.main) {
  for (const machine of MACHINES) {
    const program = withTemporaryFolder((folder) => compileGuest(machine, folder));
    const path = join(GUEST, "built", `${machine}.ts`);
    const comment = `ovms-init for ${machine}: the ELF file in base64, made from program/ by \`npm run guest\`.`;
    writeFileSync(path, builtModule(comment, "ELF", program));
    console.log(`${path}: ${program.length} bytes`);
  }
}

import { renameSync } from "node:fs";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { Docker2vmError } from "../errors.ts";
import { runProgram } from "./run-program.ts";

/** Packs what `npm publish` would publish into the folder, which builds it; its pages are of the release's time. */
export function packNpmPackage(folder: string, seconds: number): void {
  runProgram(
    "npm",
    ["pack", "--silent", `--pack-destination=${folder}`],
    (reason) => new Docker2vmError("E_BUILD_FAILED", `npm packs no package: ${reason}`),
    { environment: { SOURCE_DATE_EPOCH: `${seconds}` } },
  );
  const name = `${manifest.name}-${manifest.version}`;
  renameSync(join(folder, `${name}.tgz`), join(folder, `${name}-npm.tgz`));
}

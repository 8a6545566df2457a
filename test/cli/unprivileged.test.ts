import { expect } from "bun:test";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();
const MAIN = join(import.meta.dir, "../../src/cli/main.ts");
const HELLO = join(import.meta.dir, "../../fixtures/images/hello");

function convert(folder: string, before: readonly string[]): string {
  const command = [process.execPath, MAIN, "convert", `oci:${HELLO}`, "--platform", "linux/amd64"];
  const [program = "", ...args] = [...before, ...command, "--out", scratch(folder)];
  runOk(program, args);
  return createHash("sha256")
    .update(readFileSync(scratch(folder, "rootfs.ext4")))
    .digest("hex");
}

testWith(["unshare"], "the same bytes without any privilege and without any other program", () => {
  // In a user namespace of its own the process is nobody: no chown, no mknod, no mount. An empty PATH finds nothing.
  const alone = ["unshare", "--user", "--net", "env", "-i", "PATH=/nowhere"];
  expect(convert("alone", alone)).toBe(convert("usual", []));
});

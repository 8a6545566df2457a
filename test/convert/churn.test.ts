import { describe, expect } from "bun:test";
import {
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { convert } from "../../src/convert/convert.ts";
import { alpineLayout } from "../support/images.ts";
import { withMounted } from "../support/kernel-view.ts";
import { expectCleanFilesystem, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();
const HELLO = join(import.meta.dir, "../../fixtures/images/hello");
const FILES = 4000;

/** Works on a mounted image as a busy guest does: many files made, linked, renamed, grown and deleted. */
function churn(folder: string): void {
  const busy = join(folder, "busy");
  mkdirSync(busy);
  for (let n = 0; n < FILES; n++) writeFileSync(join(busy, `file${n}`), "x".repeat((n * 37) % 9000));
  for (let n = 0; n < FILES; n += 2)
    renameSync(join(busy, `file${n}`), join(busy, `a-rather-longer-name-for-file${n}`));
  for (let n = 1; n < FILES; n += 4) unlinkSync(join(busy, `file${n}`));
  for (let n = 3; n < FILES; n += 8) linkSync(join(busy, `file${n}`), join(folder, `link${n}`));
  for (let n = 0; n < 200; n++) {
    mkdirSync(join(busy, `folder${n}/deep`), { recursive: true });
    symlinkSync("t".repeat(n + 1), join(busy, `folder${n}/symlink`));
  }
  // What the image itself brought is changed, too.
  for (const name of readdirSync(folder)) {
    if (name === "etc" || name === "usr") writeFileSync(join(folder, name, "added"), name);
    if (name === "var") rmSync(join(folder, name), { recursive: true });
  }
}

describe("the kernel works on an image, and e2fsck finds nothing", () => {
  const sources = [
    ["the bundled one", HELLO],
    ["alpine", alpineLayout()],
  ] as const;
  for (const [name, layout] of sources) {
    if (layout === undefined) continue;
    testWith(["e2fsck", "loop mount"], `on ${name}`, async () => {
      const { rootfsPath } = await convert({
        source: `oci:${layout}`,
        platform: "linux/amd64",
        out: scratch(name),
      });
      withMounted(rootfsPath, "rw", churn);
      expectCleanFilesystem(rootfsPath);
      const left = withMounted(rootfsPath, "ro", (folder) => readdirSync(join(folder, "busy")).length);
      expect(left).toBe(FILES - FILES / 4 + 200);
    });
  }
});

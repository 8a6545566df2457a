import { afterAll } from "bun:test";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ImageFile } from "../../../../src/filesystem/reading/image.ts";
import { XFS_READER } from "../../../../src/filesystem/xfs/read/reader.ts";
import { withMounted } from "../../../support/kernel-view.ts";
import { lacksOf } from "../../../support/programs.ts";
import { expectPauses } from "../../reading/pausing.ts";
import { makeXfs } from "./support.ts";

const ORACLES = ["mkfs.xfs", "loop mount"] as const;
const folder = mkdtempSync(join(tmpdir(), "xfs-pauses-"));
const path = join(folder, "image");
if (lacksOf(ORACLES).length === 0) {
  makeXfs(path, []);
  withMounted(path, "rw", fill, "xfs");
}

afterAll(() => rmSync(folder, { recursive: true }));

function fill(root: string): void {
  mkdirSync(join(root, "many"));
  for (let i = 0; i < 4000; i++) writeFileSync(join(root, `many/a-file-with-a-long-name-${i}`), `${i}`);
  writeFileSync(join(root, "many/the last of them"), "");
  writeFileSync(join(root, "text"), Buffer.alloc(20 << 20, "text"));
  const scattered = openSync(join(root, "scattered"), "w");
  for (let i = 0; i < 2000; i++) writeSync(scattered, `${i}`, 2 * i * 4096);
  closeSync(scattered);
}

expectPauses("xfs", {
  oracles: ORACLES,
  reader: XFS_READER,
  withImage: (body) => {
    const image = new ImageFile(path);
    try {
      body(image);
    } finally {
      image.close();
    }
  },
  isVerified: false,
});

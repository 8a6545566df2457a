/** The hash of an attribute is over the bytes that fill up its value as well: e2fsck reads them, so verify does. */
import { expect } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { memoryImage } from "../../../../src/filesystem/reading/image.ts";
import { run, testWith } from "../../../support/oracles.ts";
import { smallImage } from "./small-images.ts";
import { withFolder } from "./support.ts";
import { verify } from "./unpaused.ts";

// Without room in inodes, where hashes are left out, attributes are in blocks.
for (const options of ["-t ext2 -b 1024 -I 128", "-t ext4 -b 1024 -I 128 -O ^metadata_csum"]) {
  testWith(["mke2fs", "e2fsck", "setfattr", "loop mount"], `a byte after a value changes, ${options}`, () =>
    withFolder((folder) => {
      const bytes = smallImage(options);
      expect(verify(memoryImage(bytes)).findings).toEqual([]);
      // The value of user.short, and the one byte that its last word has left.
      const at = Buffer.from(bytes).indexOf("bbb\0") + 3;
      bytes[at] = 8;
      const path = join(folder, "image");
      writeFileSync(path, bytes);
      expect(run("e2fsck", ["-fn", path]).stdout).toMatch(/Extended attribute in inode \d+ has a hash/);
      const said = verify(memoryImage(readFileSync(path))).findings.map(({ what }) => what);
      expect(said).toEqual(["the hash of an attribute is wrong"]);
    }),
  );
}

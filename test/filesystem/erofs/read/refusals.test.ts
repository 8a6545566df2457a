/** What cannot be read is refused by its name; what is broken says where. */
import { expect } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32cRegister } from "../../../../src/blocks/crc32c.ts";
import { SUPERBLOCK, SUPERBLOCK_OFFSET } from "../../../../src/filesystem/erofs/format/superblock.ts";
import { openErofs } from "../../../../src/filesystem/erofs/read/filesystem.ts";
import { memoryImage } from "../../../../src/filesystem/reading/image.ts";
import { expectError } from "../../../support/expect-error.ts";
import { runOk, testWith } from "../../../support/oracles.ts";
import { makeErofs, noise, smallErofs, verify, withFolder } from "./support.ts";

/** The image with other fields in its superblock, and the checksum that they ask for. */
function changed(image: Uint8Array, fields: Partial<Record<keyof typeof SUPERBLOCK, number>>): Uint8Array {
  const bytes = image.slice();
  const view = new DataView(bytes.buffer);
  for (const [name, value] of Object.entries(fields)) {
    const field = SUPERBLOCK[name as "checksum"];
    field.put(view, SUPERBLOCK_OFFSET, value);
  }
  SUPERBLOCK.checksum.put(view, SUPERBLOCK_OFFSET, 0);
  const sum = crc32cRegister(0xffffffff, bytes.subarray(SUPERBLOCK_OFFSET, 4096));
  SUPERBLOCK.checksum.put(view, SUPERBLOCK_OFFSET, sum);
  return bytes;
}

testWith(
  ["mkfs.erofs", "setfattr"],
  "a feature that is not understood is refused by its name or bit",
  async () => {
    const image = smallErofs([]);
    const attempts: [fields: Parameters<typeof changed>[1], said: string][] = [
      [{ feature_incompat: 0x80 }, "the feature 48bit"],
      [{ feature_incompat: 0x100 }, "the feature metabox"],
      [{ feature_incompat: 0x8000_0180 }, "the features 48bit, metabox, incompat 0x80000000"],
      [{ feature_incompat: 0x8, extra_devices: 2 }, "contents lie on 2 other devices (device_table)"],
      [{ dirblkbits: 1 }, "dirblkbits"],
    ];
    for (const [fields, said] of attempts) {
      await expectError(
        () => openErofs(memoryImage(changed(image, fields))),
        "E_UNSUPPORTED",
        said,
        "fsck.erofs",
      );
      await expectError(() => verify(memoryImage(changed(image, fields))), "E_UNSUPPORTED", said);
    }
  },
);

testWith(
  ["mkfs.erofs", "setfattr"],
  "a superblock that cannot be is refused, and its checksum counts",
  async () => {
    const image = smallErofs([]);
    const attempts: [fields: Parameters<typeof changed>[1], said: string][] = [
      [{ blkszbits: 8 }, "blocks of 2^8 bytes are impossible"],
      [{ blkszbits: 17 }, "blocks of 2^17 bytes are impossible"],
      [{ root_nid: 0xffff }, "inode 65535: "],
    ];
    for (const [fields, said] of attempts) {
      const attempt = () => openErofs(memoryImage(changed(image, fields))).root;
      await expectError(attempt, "E_INVALID_FILESYSTEM", said, "nothing mends an EROFS image");
    }
    const flipped = image.slice();
    flipped[SUPERBLOCK_OFFSET + SUPERBLOCK.volume_name.offset] = 1;
    await expectError(
      () => openErofs(memoryImage(flipped)),
      "E_INVALID_FILESYSTEM",
      "superblock: its checksum is wrong",
    );
    expect(verify(memoryImage(flipped)).findings).toEqual([
      { where: "superblock", what: "its checksum is wrong" },
    ]);
  },
);

testWith(["mkfs.erofs"], "contents on another device are refused", async () => {
  const image = withFolder((folder) => {
    runOk("mkdir", [join(folder, "source")]);
    writeFileSync(join(folder, "source/file"), noise(20_000));
    writeFileSync(join(folder, "blobs"), "");
    const blobs = `--blobdev=${join(folder, "blobs")}`;
    makeErofs(join(folder, "image"), ["--chunksize=4096", blobs], join(folder, "source"));
    return memoryImage(readFileSync(join(folder, "image")));
  });
  await expectError(() => openErofs(image), "E_UNSUPPORTED", "contents lie on 1 other devices");
});

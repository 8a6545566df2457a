/** Files read out of a guest's root filesystem. */
import { expect, test } from "bun:test";
import { BaseFilesystem } from "../../../src/profile/gondolin/base-filesystem.ts";
import { directory, emptyFile, withImage } from "../../filesystem/ext4/write/images.ts";

const BLOCK = 4096;

test("holes are zeros, between what is written and after it", () => {
  withImage((image) => {
    const last = { ...image.scattered(1), size: 5 * BLOCK + 7 };
    image.finish(directory({ between: image.scattered(3), last, empty: emptyFile() }));
    const base = new BaseFilesystem(image.path);
    const read = (path: string): Uint8Array => {
      const found = base.findFile(path);
      if (found === undefined) throw new Error(`${path} is not there`);
      const pieces = [...base.source(found.file).pieces()];
      expect(pieces.reduce((sum, piece) => sum + piece.length, 0)).toBe(found.file.size);
      return Buffer.concat(pieces);
    };
    const expected = Buffer.alloc(6 * BLOCK);
    for (const i of [0, 1, 2]) expected.write(`block ${i} of the file`, 2 * i * BLOCK);
    expect(read("/between")).toEqual(expected);
    const short = Buffer.alloc(5 * BLOCK + 7);
    short.write("block 0 of the file");
    expect(read("/last")).toEqual(short);
    expect(read("/empty").length).toBe(0);
    base.close();
  });
});

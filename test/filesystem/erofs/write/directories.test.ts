import { describe } from "bun:test";
import type { Inode } from "../../../../src/tree/inode.ts";
import { type Oracle, testWith } from "../../../support/oracles.ts";
import { directory, directoryOf, emptyFile, special } from "../../ext4/write/images.ts";
import { withErofs } from "./images.ts";
import { expectShown } from "./shown.ts";

const ORACLES: readonly Oracle[] = ["fsck.erofs", "loop mount", "getfattr"];
/** Bytes of an entry beside its name, and of "." and ".." with theirs. */
const ENTRY = 12;
const DOTS = 2 * ENTRY + 3;

function named(names: Iterable<string>): Map<string, Inode> {
  return new Map([...names].map((name) => [name, emptyFile()]));
}

/** Names that fill a directory of so many bytes to the last one. */
function filling(bytes: number): string[] {
  const names: string[] = [];
  let left = bytes - DOTS;
  for (let n = 0; left > 0; n++) {
    const length = left > 2 * (ENTRY + 200) ? 200 : left > ENTRY + 255 ? 150 : left - ENTRY;
    names.push(`${n}`.padStart(3, "0").padEnd(length, "n"));
    left -= ENTRY + length;
  }
  return names;
}

describe("the kernel finds every name", () => {
  testWith(ORACLES, "on either side of . and .., and of every byte there is", () => {
    const bytes = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte));
    const single = bytes.filter((byte) => !["\0", "/", "."].includes(byte));
    const names = [
      ...single,
      ...single.map((byte) => `.${byte}`),
      ...single.map((byte) => `..${byte}`),
      "...",
      "a".repeat(255),
      "\xff".repeat(255),
    ];
    withErofs((image) => expectShown(image, directoryOf(named(names))));
  });

  testWith(
    ORACLES,
    "of a directory with a block that is full to the last byte, and one more and one less",
    () => {
      withErofs((image) => {
        const sizes = [4095, 4096, 4097, 4000, 3 * 4096].map(
          (size) => [`of ${size}`, directoryOf(named(filling(size)))] as const,
        );
        expectShown(image, directoryOf(new Map(sizes)));
      });
    },
  );

  testWith(ORACLES, "of 5,000, of a tail of any length", () => {
    withErofs((image) => {
      const names = (count: number) => named(Array.from({ length: count }, (_, n) => `name ${n * 7919}`));
      const counts = [5000, 180, 181, 182, 183, 360, 361];
      expectShown(
        image,
        directoryOf(new Map(counts.map((count) => [`${count}`, directoryOf(names(count))]))),
      );
    });
  });

  testWith(ORACLES, "300 directories deep", () => {
    withErofs((image) => {
      let inner = directory({ end: special("fifo") });
      for (let depth = 0; depth < 300; depth++) inner = directory({ d: inner });
      expectShown(image, inner);
    });
  });
});

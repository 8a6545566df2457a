/** Whatever takes long pauses often: between two pauses only a few blocks are read. */
import { expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { extract } from "../../../src/filesystem/reading/extract.ts";
import { filledContents } from "../../../src/filesystem/reading/filled.ts";
import type { ImageReader } from "../../../src/filesystem/reading/image.ts";
import { list } from "../../../src/filesystem/reading/list.ts";
import { lookup } from "../../../src/filesystem/reading/lookup.ts";
import type { FilesystemReader } from "../../../src/filesystem/reading/reader.ts";
import { members } from "../../../src/filesystem/reading/tar/member.ts";
import { finished } from "../../../src/waiting/steps.ts";
import { testWith } from "../../support/oracles.ts";
import type { Oracle } from "../../support/programs.ts";
import { readsOf } from "./reads.ts";

const MOST_READS = 12;

/** An image with a large file "text", one in many pieces, "scattered", and a folder "many" of names. */
interface Pausing {
  readonly oracles: readonly Oracle[];
  readonly reader: FilesystemReader;
  /** Hands over the image and takes it away afterwards. */
  readonly withImage: (body: (image: ImageReader) => void) => void;
  readonly isVerified: boolean;
}

export function expectPauses(name: string, { oracles, reader, withImage, isVerified }: Pausing): void {
  const open = (image: ImageReader) => finished(reader.open(image, { ignoreJournal: true })).filesystem;
  const work: Readonly<Record<string, (image: ImageReader) => Generator<unknown, unknown>>> = {
    ...(isVerified ? { verify: reader.verify } : {}),
    *list(image) {
      yield* list(open(image), "/", { recursive: true });
    },
    *members(image) {
      yield* members(open(image), "/", () => undefined);
    },
    *"contents of a large file"(image) {
      const filesystem = open(image);
      yield* filledContents(filesystem, yield* lookup(filesystem, "text"));
    },
    *"contents of a file in pieces"(image) {
      const filesystem = open(image);
      yield* filledContents(filesystem, yield* lookup(filesystem, "scattered"));
    },
    *"a name in a large directory"(image) {
      yield* lookup(open(image), "many/the last of them");
    },
    *extract(image) {
      const folder = mkdtempSync(join(tmpdir(), "pauses-"));
      try {
        yield* extract(open(image), "/", join(folder, "out"));
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  };
  for (const [what, steps] of Object.entries(work)) {
    testWith(oracles, `${name}: ${what} pauses`, () => {
      withImage((image) => {
        const { most, pauses } = readsOf(image, steps);
        expect(most).toBeLessThanOrEqual(MOST_READS);
        expect(pauses).toBeGreaterThan(MOST_READS);
      });
    });
  }
}

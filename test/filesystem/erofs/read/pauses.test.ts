import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { EROFS_READER } from "../../../../src/filesystem/erofs/read/reader.ts";
import { memoryImage } from "../../../../src/filesystem/reading/image.ts";
import { lacksOf } from "../../../support/programs.ts";
import { expectPauses } from "../../reading/pausing.ts";
import { makeErofs, text, withFolder } from "./support.ts";

const ORACLES = ["mkfs.erofs"] as const;

function makeImage(options: readonly string[]): Uint8Array {
  return withFolder((folder) => {
    const source = join(folder, "source");
    mkdirSync(join(source, "many"), { recursive: true });
    for (let i = 0; i < 4000; i++) writeFileSync(join(source, `many/a-file-with-a-long-name-${i}`), `${i}`);
    writeFileSync(join(source, "many/the last of them"), "");
    writeFileSync(join(source, "text"), text(20 << 20));
    const scattered = openSync(join(source, "scattered"), "w");
    for (let i = 0; i < 2000; i++) writeSync(scattered, `${i}`, 2 * i * 4096);
    closeSync(scattered);
    makeErofs(join(folder, "image"), options, source);
    return new Uint8Array(readFileSync(join(folder, "image")));
  });
}

for (const options of ["--chunksize=4096", "-zlz4"]) {
  const image = memoryImage(lacksOf(ORACLES).length === 0 ? makeImage([options]) : new Uint8Array());
  expectPauses(options, {
    oracles: ORACLES,
    reader: EROFS_READER,
    withImage: (body) => body(image),
    isVerified: true,
  });
}

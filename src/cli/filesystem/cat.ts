import type { CommandLine } from "../command-line.ts";
import type { Host } from "../host.ts";
import { pathBytes, withFilesystem, wordsOf } from "./with-filesystem.ts";

const ZEROS = new Uint8Array(1 << 20);

/** `docker2vm cat IMAGE PATH`: the file's bytes, holes as zeros. */
export async function runCat(line: CommandLine, host: Host): Promise<void> {
  const [image = "", path = ""] = wordsOf(line, ["IMAGE", "PATH"], 2);
  await withFilesystem(line, image, async (filesystem) => {
    const file = filesystem.lookup(pathBytes(path));
    let written = 0;
    for (const { offset, bytes } of filesystem.read(file)) {
      await writeZeros(host, offset - written);
      await host.writeStdout(bytes);
      written = offset + bytes.length;
    }
    await writeZeros(host, file.size - written);
  });
}

async function writeZeros(host: Host, count: number): Promise<void> {
  for (let left = count; left > 0; left -= ZEROS.length) {
    host.signal.throwIfAborted();
    await host.writeStdout(left < ZEROS.length ? ZEROS.subarray(0, left) : ZEROS);
  }
}

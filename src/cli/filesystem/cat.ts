import { atPath } from "../../filesystem/reading/broken.ts";
import { filledContents } from "../../filesystem/reading/filled.ts";
import { lookup } from "../../filesystem/reading/lookup.ts";
import { inTurns, itemsInTurns } from "../../waiting/steps.ts";
import type { CommandLine } from "../arguments.ts";
import type { Host } from "../host.ts";
import { pathBytes, withFilesystem, wordsOf } from "./with-filesystem.ts";
import { writeOut } from "./write-out.ts";

/** `docker2vm cat IMAGE PATH`: the file's bytes, holes as zeros. */
export async function runCat(line: CommandLine, host: Host): Promise<void> {
  const [image = "", path = ""] = wordsOf(line, ["IMAGE", "PATH"], 2);
  await withFilesystem(line, host, image, async (filesystem) => {
    const file = await inTurns(lookup(filesystem, pathBytes(path)), host.signal);
    try {
      await writeOut(host, itemsInTurns(filledContents(filesystem, file), host.signal));
    } catch (error) {
      throw atPath(error, pathBytes(path));
    }
  });
}

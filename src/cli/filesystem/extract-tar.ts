import { Docker2vmError } from "../../errors.ts";
import type { LeftOut } from "../../filesystem/reading/extract.ts";
import type { Replay } from "../../filesystem/reading/filesystem.ts";
import { archive } from "../../filesystem/reading/tar/archive.ts";
import { type CommandLine, flag } from "../arguments.ts";
import type { Host } from "../host.ts";
import { type LeftOutDocument, leftOutJson, leftOutLine } from "./left-out.ts";
import { pathBytes, withFilesystem } from "./with-filesystem.ts";
import { writeOut } from "./write-out.ts";

/** What is told of a tar on standard output, for a program: a line on standard error. */
export interface ArchiveDocument {
  /** Files that are not in it. */
  readonly leftOut: readonly LeftOutDocument[];
  /** Absent where no journal had to be replayed. */
  readonly replay?: Replay | undefined;
}

/** `docker2vm extract IMAGE PATH -`: a tar on standard output, what is not in it on standard error. */
export async function extractTar(line: CommandLine, host: Host, image: string, path: string): Promise<void> {
  if (host.stdout.isTTY === true) {
    throw new Docker2vmError("E_USAGE", "a tar is not written to a terminal", {
      hint: "send it on: … - | tar -t, or … - > files.tar; a folder called - is ./-",
    });
  }
  const json = flag(line, "json");
  const told = await withFilesystem(
    line,
    host,
    image,
    async (filesystem) => {
      const leftOut: LeftOut[] = [];
      await writeOut(
        host,
        archive(filesystem, pathBytes(path), (left) => leftOut.push(left), { signal: host.signal }),
      );
      if (!json) return leftOut.map(leftOutLine).join("");
      const document: ArchiveDocument = { leftOut: leftOutJson(leftOut), replay: filesystem.replay };
      return `${JSON.stringify(document)}\n`;
    },
    { resultTells: json },
  );
  host.stderr.write(told);
}

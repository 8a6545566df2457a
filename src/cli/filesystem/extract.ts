import { type Extraction, extract } from "../../filesystem/reading/extract.ts";
import type { Replay } from "../../filesystem/reading/filesystem.ts";
import { inTurns } from "../../waiting/steps.ts";
import { type CommandLine, flag } from "../arguments.ts";
import { formatBytes } from "../bytes.ts";
import type { Host } from "../host.ts";
import { tell } from "../tell.ts";
import { extractTar } from "./extract-tar.ts";
import { type LeftOutDocument, leftOutJson, leftOutLine } from "./left-out.ts";
import { pathBytes, withFilesystem, wordsOf } from "./with-filesystem.ts";

/** `docker2vm extract IMAGE PATH DEST`, where DEST is a folder, or "-" for a tar on standard output. */
export async function runExtract(line: CommandLine, host: Host): Promise<void> {
  const [image = "", path = "", destination = ""] = wordsOf(line, ["IMAGE", "PATH", "DEST"], 3);
  if (destination === "-") return extractTar(line, host, image, path);
  const json = flag(line, "json");
  const told = await withFilesystem(
    line,
    host,
    image,
    async (filesystem) => {
      const extraction = await inTurns(extract(filesystem, pathBytes(path), destination), host.signal);
      return json ? extractionJson(extraction, filesystem.replay) : extractionText(extraction);
    },
    { resultTells: json },
  );
  await tell(host, { text: told, made: `the files are in ${destination}` });
}

export function extractionText(extraction: Extraction): string {
  const { files, directories, symlinks, links, bytes, leftOut } = extraction;
  const lines = [
    `${files} files (${formatBytes(bytes)}), ${directories} directories, ${symlinks} symlinks, ${links} further names\n`,
    ...leftOut.map(leftOutLine),
    ...without(extraction.withoutOwner, "their owner"),
    ...without(extraction.withoutSetuid, "their setuid or setgid bit"),
    ...without(extraction.withoutXattrs, "their extended attributes"),
    ...without(extraction.withoutExactTimes, "the last digits of their times"),
  ];
  return lines.join("");
}

function without(count: number, what: string): string[] {
  return count === 0 ? [] : [`without ${what}: ${count}\n`];
}

/** What was copied out into a folder, for a program. */
export interface ExtractionDocument extends Omit<Extraction, "leftOut"> {
  /** Files that are not there. */
  readonly leftOut: readonly LeftOutDocument[];
  /** Absent where no journal had to be replayed. */
  readonly replay?: Replay | undefined;
}

function extractionJson(extraction: Extraction, replay: Replay | undefined): string {
  const document: ExtractionDocument = { ...extraction, leftOut: leftOutJson(extraction.leftOut), replay };
  return `${JSON.stringify(document, null, 2)}\n`;
}

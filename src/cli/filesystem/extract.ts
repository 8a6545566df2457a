import { type Extraction, extract } from "../../ext4-reader/extract.ts";
import { formatBytes } from "../bytes.ts";
import type { CommandLine } from "../command-line.ts";
import type { Host } from "../host.ts";
import { printable } from "../printable.ts";
import { flag } from "../request.ts";
import { bytesAsText } from "./text.ts";
import { pathBytes, withFilesystem, wordsOf } from "./with-filesystem.ts";

/** `docker2vm extract IMAGE PATH DEST` */
export async function runExtract(line: CommandLine, host: Host): Promise<void> {
  const [image = "", path = "", destination = ""] = wordsOf(line, ["IMAGE", "PATH", "DEST"], 3);
  const extraction = await withFilesystem(line, image, (filesystem) =>
    extract(filesystem, pathBytes(path), destination),
  );
  host.stdout.write(flag(line, "json") ? extractionJson(extraction) : extractionText(extraction));
}

export function extractionText(extraction: Extraction): string {
  const { files, directories, symlinks, links, bytes, leftOut } = extraction;
  const lines = [
    `${files} files (${formatBytes(bytes)}), ${directories} directories, ${symlinks} symlinks, ${links} further names`,
    ...leftOut.map(({ path, why }) => `left out: ${printable(bytesAsText(path))}: ${why}`),
    ...without(extraction.withoutOwner, "their owner"),
    ...without(extraction.withoutSetuid, "their setuid or setgid bit"),
    ...without(extraction.withoutXattrs, "their extended attributes"),
  ];
  return lines.map((text) => `${text}\n`).join("");
}

function without(count: number, what: string): string[] {
  return count === 0 ? [] : [`without ${what}: ${count}`];
}

function extractionJson(extraction: Extraction): string {
  const leftOut = extraction.leftOut.map(({ path, why }) => ({ path: bytesAsText(path), why }));
  return `${JSON.stringify({ ...extraction, leftOut }, null, 2)}\n`;
}

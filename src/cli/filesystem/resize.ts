import { Docker2vmError } from "../../errors.ts";
import { type FilesystemExtent, type ResizeResult, resizeImage } from "../../resize/resize-image.ts";
import { type CommandLine, flag, sizeOption } from "../arguments.ts";
import { formatBytes } from "../bytes.ts";
import type { Host } from "../host.ts";
import { tell } from "../tell.ts";
import { wordsOf } from "./with-filesystem.ts";

/** `docker2vm resize FILE --size SIZE` */
export async function runResize(line: CommandLine, host: Host): Promise<void> {
  const [image = ""] = wordsOf(line, ["FILE"], 1);
  const size = sizeOption(line, "size", []);
  if (size === undefined) {
    throw new Docker2vmError("E_USAGE", "no size given", { hint: `docker2vm resize ${image} --size 20G` });
  }
  const dryRun = flag(line, "dry-run");
  const result = await resizeImage(image, { size, dryRun, signal: host.signal });
  const document: ResizeDocument = { file: image, dryRun, ...result };
  const text = flag(line, "json") ? `${JSON.stringify(document, null, 2)}\n` : resizeText(document, size);
  await tell(host, { text, ...(result.changed && !dryRun ? { made: `${image} is resized` } : {}) });
}

/** What has become of an image, for a program. */
export interface ResizeDocument extends ResizeResult {
  /** As it was named. */
  readonly file: string;
  /** Whether it was only asked what would be. */
  readonly dryRun: boolean;
}

/** What was and what is, a row each; or that there was nothing to do. */
function resizeText(
  { changed, dryRun, before, after, featuresAdded, featuresRemoved }: ResizeDocument,
  size: number,
): string {
  if (!changed) {
    const more = size - before.size;
    const tooShort = more > 0 ? `; a group of ${formatBytes(more)} more would only hold its own tables` : "";
    return `nothing to do: the filesystem has ${formatBytes(before.size)}${tooShort}\n`;
  }
  const features = [
    ...featuresAdded.map((name) => `with ${name}`),
    ...featuresRemoved.map((name) => `without ${name}`),
  ];
  const rows = [
    ["Before", extentText(before)],
    [dryRun ? "Would be" : "Now", extentText(after)],
    ...(features.length === 0 ? [] : [["Features", features.join(", ")]]),
  ];
  return rows.map(([name = "", value]) => `${name.padEnd(10)}${value}\n`).join("");
}

function extentText({ size, free, blocks, groups, inodes, freeInodes }: FilesystemExtent): string {
  return (
    `${formatBytes(size)}, ${formatBytes(free)} free; ${blocks} blocks in ${groups} groups, ` +
    `${inodes} inodes, ${freeInodes} free`
  );
}

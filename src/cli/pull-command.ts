import { dirname } from "node:path";
import type { PullResult } from "../artifact/pull.ts";
import { Docker2vmError } from "../errors.ts";
import { type CommandLine, flag, listOption, stringOption } from "./arguments.ts";
import { withArtifactAccess } from "./artifact-access.ts";
import { formatBytes } from "./bytes.ts";
import type { Host } from "./host.ts";
import { printable } from "./printable.ts";
import { tell } from "./tell.ts";

/** `docker2vm pull REF --out DIR` */
export async function runPull(line: CommandLine, host: Host): Promise<void> {
  const [, reference, ...more] = line.words;
  const out = stringOption(line, "out");
  if (reference === undefined || more.length > 0) {
    const found = more.length > 0 ? `pull does not take ${JSON.stringify(more[0])}` : "no name given";
    throw new Docker2vmError("E_USAGE", found, { hint: "docker2vm pull NAME:TAG --out DIR" });
  }
  if (out === undefined) {
    throw new Docker2vmError("E_USAGE", "no output given", { hint: "add --out DIR" });
  }
  const options = {
    reference,
    out,
    force: flag(line, "force"),
    verifyKeyFile: stringOption(line, "verify-key"),
    attachments: stringOption(line, "attachments"),
  };
  const { pullImage } = await import("../artifact/library.ts");
  const result = await withArtifactAccess(line, host, async ({ registry, ...access }) => {
    const mirrors = listOption(line, "mirror");
    const pulled = await pullImage({ ...options, ...access, registry: { ...registry, mirrors } });
    for (const { reason } of pulled.refused) {
      access.onProgress({ type: "warning", message: `not taken: ${reason}` });
    }
    return pulled;
  });
  const quiet = flag(line, "quiet") ? "" : pulledText(result);
  const text = flag(line, "json") ? `${JSON.stringify(result, null, 2)}\n` : quiet;
  await tell(host, { text, made: `the files are in ${dirname(result.paths[0] ?? out)}` });
}

function pulledText({
  reference,
  digest,
  paths,
  apparentBytes,
  fetchedBytes,
  documents,
}: PullResult): string {
  const lines = [
    `Pulled    ${reference}`,
    `Digest    ${digest}`,
    `Size      ${formatBytes(apparentBytes)}, of which ${formatBytes(fetchedBytes)} were fetched`,
    ...paths.map((path) => `File      ${path}`),
    ...documents.map(({ path, mediaType }) => `Document  ${path} (${mediaType})`),
  ];
  return lines.map((text) => `${printable(text)}\n`).join("");
}

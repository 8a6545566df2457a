import type { PushResult } from "../artifact/push.ts";
import { Docker2vmError } from "../errors.ts";
import { type CommandLine, flag, listOption } from "./arguments.ts";
import { artifactAccess } from "./artifact-access.ts";
import { formatBytes } from "./bytes.ts";
import type { Host } from "./host.ts";
import { printable } from "./printable.ts";
import { tell } from "./tell.ts";

/** `docker2vm push DIR|FILE REF` */
export async function runPush(line: CommandLine, host: Host): Promise<void> {
  const [, path, reference, ...more] = line.words;
  if (path === undefined || reference === undefined || more.length > 0) {
    const found = more.length > 0 ? `push does not take ${JSON.stringify(more[0])}` : "something is missing";
    throw new Docker2vmError("E_USAGE", found, { hint: "docker2vm push DIR|FILE NAME:TAG" });
  }
  const access = await artifactAccess(line, host);
  const { pushArtifact } = await import("../artifact/push.ts");
  const result = await pushArtifact(path, reference, {
    ...access,
    mountFrom: listOption(line, "mount-from"),
  });
  const text = flag(line, "json") ? `${JSON.stringify(result, null, 2)}\n` : pushedText(result);
  await tell(host, { text, made: `${result.reference} is in the registry` });
}

function pushedText({ reference, digest, subject, files, leftOut, blobs, sentBytes }: PushResult): string {
  const kept = blobs.there + blobs.mounted;
  const lines = [
    `Pushed    ${reference}`,
    `Digest    ${digest}`,
    `Files     ${files.join(", ")}`,
    ...(leftOut.length === 0 ? [] : [`Left out  ${leftOut.join(", ")}: no part of what was converted`]),
    `Sent      ${formatBytes(sentBytes)} in ${blobs.sent} blobs; ${kept} were there already`,
    ...(subject === undefined ? [] : [`Refers to ${subject}`]),
  ];
  return lines.map((text) => `${printable(text)}\n`).join("");
}

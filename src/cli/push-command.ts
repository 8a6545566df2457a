import type { Attachment } from "../artifact/attachments.ts";
import type { PushResult } from "../artifact/push.ts";
import { Docker2vmError } from "../errors.ts";
import { type CommandLine, flag, listOption, stringOption } from "./arguments.ts";
import { withArtifactAccess } from "./artifact-access.ts";
import { formatBytes } from "./bytes.ts";
import type { Host } from "./host.ts";
import { keyUse } from "./key-password.ts";
import { printable } from "./printable.ts";
import { signedText } from "./sign-command.ts";
import { tell } from "./tell.ts";

/** `docker2vm push DIR|FILE REF` */
export async function runPush(line: CommandLine, host: Host): Promise<void> {
  const [, image, reference, ...more] = line.words;
  if (image === undefined || reference === undefined || more.length > 0) {
    const found = more.length > 0 ? `push does not take ${JSON.stringify(more[0])}` : "something is missing";
    throw new Docker2vmError("E_USAGE", found, { hint: "docker2vm push DIR|FILE NAME:TAG" });
  }
  const keyFile = stringOption(line, "sign-key");
  const options = {
    image,
    reference,
    mountFrom: listOption(line, "mount-from"),
    attachments: listOption(line, "attach").map(readAttach),
    provenance: flag(line, "provenance"),
    signing: keyFile === undefined ? undefined : { keyFile, ...(await keyUse(line, host)) },
  };
  if (keyFile === undefined) refuseWithoutKey(line);
  const { pushImage } = await import("../artifact/library.ts");
  const result = await withArtifactAccess(line, host, (access) => pushImage({ ...options, ...access }));
  const quiet = flag(line, "quiet") ? "" : pushedText(result);
  const text = flag(line, "json") ? `${JSON.stringify(result, null, 2)}\n` : quiet;
  await tell(host, { text, made: `${result.reference} is in the registry` });
}

/** A media type has no "=", a name may. */
function readAttach(text: string): Attachment {
  const at = text.lastIndexOf("=");
  if (at > 0) return { file: text.slice(0, at), mediaType: text.slice(at + 1) };
  throw new Docker2vmError("E_USAGE", `--attach ${JSON.stringify(text)} says no media type`, {
    hint: "write --attach FILE=MEDIATYPE, as sbom.json=application/spdx+json",
  });
}

function refuseWithoutKey(line: CommandLine): void {
  const needless = (["key-password-file", "key-password-stdin", "signature-format"] as const).find((name) =>
    line.values.has(name),
  );
  if (needless === undefined) return;
  throw new Docker2vmError("E_USAGE", `--${needless} is for --sign-key, which is not given`, {
    hint: "add --sign-key FILE",
  });
}

function pushedText(result: PushResult): string {
  const { reference, digest, subject, files, leftOut, blobs, sentBytes, attached, signature } = result;
  const kept = blobs.there + blobs.mounted;
  const lines = [
    `Pushed    ${reference}`,
    `Digest    ${digest}`,
    `Files     ${files.join(", ")}`,
    ...(leftOut.length === 0 ? [] : [`Left out  ${leftOut.join(", ")}: no part of what was converted`]),
    `Sent      ${formatBytes(sentBytes)} in ${blobs.sent} blobs; ${kept} were there already`,
    ...(subject === undefined ? [] : [`Refers to ${subject}`]),
    ...attached.map(({ title, digest }) => `Attached  ${title} (${digest})`),
    ...(signature === undefined ? [] : signedText(signature)),
  ];
  return lines.map((text) => `${printable(text)}\n`).join("");
}

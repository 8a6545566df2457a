import { Docker2vmError } from "../../errors.ts";
import { readerOf } from "../../filesystem/open.ts";
import { inFile } from "../../filesystem/reading/broken.ts";
import { ImageFile } from "../../filesystem/reading/image.ts";
import type { FilesystemReader } from "../../filesystem/reading/reader.ts";
import type { Verification } from "../../filesystem/reading/verification.ts";
import { inTurns } from "../../waiting/steps.ts";
import { type CommandLine, flag } from "../arguments.ts";
import type { Host } from "../host.ts";
import { printable } from "../printable.ts";
import { replayLine } from "./replayed.ts";
import { wordsOf } from "./with-filesystem.ts";

/** `docker2vm verify IMAGE`: what is wrong, a line each, on standard output; that anything is, as the error. */
export async function runVerify(line: CommandLine, host: Host): Promise<void> {
  const [image = ""] = wordsOf(line, ["IMAGE"], 1);
  const file = new ImageFile(image);
  let reader: FilesystemReader;
  let verification: Verification;
  try {
    reader = await readerOf(file);
    verification = await inTurns(reader.verify(file), host.signal);
  } catch (error) {
    throw inFile(image, error);
  } finally {
    file.close();
  }
  if (flag(line, "json")) await host.stdout.write(`${JSON.stringify(verification, null, 2)}\n`);
  else {
    if (verification.replay !== undefined) host.stderr.write(replayLine(verification.replay));
    await host.stdout.write(verificationText(verification));
  }
  const count = verification.findings.length + verification.more;
  if (count === 0) return;
  throw new Docker2vmError(
    "E_VERIFICATION_FAILED",
    `${image}: ${count} ${count === 1 ? "fault" : "faults"} found`,
    { hint: hintFor(verification, reader) },
  );
}

function hintFor({ inodes }: Verification, { remedies }: FilesystemReader): string {
  const remedy =
    inodes === 0 ? `is it the raw image of one filesystem? if so, ${remedies.noSuperblock}` : remedies.faults;
  return `${remedy}; an image made by convert is better made again`;
}

export function verificationText({ findings, more, inodes, directories }: Verification): string {
  if (findings.length === 0) return `clean: ${inodes} inodes, ${directories} directories\n`;
  const lines = findings.map(({ where, what }) => `${printable(where)}: ${printable(what)}\n`);
  return lines.join("") + (more === 0 ? "" : `and ${more} more\n`);
}

import { Docker2vmError } from "../errors.ts";
import type { SignatureReport, SignResult } from "../referrer/sign-image.ts";
import type { SignedManifest } from "../referrer/sign-manifest.ts";
import { type CommandLine, flag, stringOption } from "./arguments.ts";
import { withArtifactAccess } from "./artifact-access.ts";
import type { Host } from "./host.ts";
import { keyUse } from "./key-password.ts";
import { printable } from "./printable.ts";
import { tell } from "./tell.ts";

/** `docker2vm sign REF --key FILE` */
export async function runSign(line: CommandLine, host: Host): Promise<void> {
  const { reference, keyFile } = wordsOf(line, "sign", "cosign.key");
  const options = { reference, keyFile, ...(await keyUse(line, host)), recursive: flag(line, "recursive") };
  const { signImage } = await import("../artifact/library.ts");
  const result = await withArtifactAccess(line, host, (access) => signImage({ ...options, ...access }));
  const text = flag(line, "json") ? `${JSON.stringify(result, null, 2)}\n` : textOf(result);
  await tell(host, { text, made: `${result.reference} is signed` });
}

/** `docker2vm verify-signature REF --key FILE` */
export async function runVerifySignature(line: CommandLine, host: Host): Promise<void> {
  const options = wordsOf(line, "verify-signature", "cosign.pub");
  const { verifySignature } = await import("../artifact/library.ts");
  const report = await withArtifactAccess(line, host, (access) => verifySignature({ ...options, ...access }));
  const text = flag(line, "json") ? `${JSON.stringify(report, null, 2)}\n` : foundText(report);
  await tell(host, { text });
}

function wordsOf(line: CommandLine, command: string, key: string) {
  const [, reference, ...more] = line.words;
  const keyFile = stringOption(line, "key");
  if (reference !== undefined && keyFile !== undefined && more.length === 0) return { reference, keyFile };
  const missing = reference === undefined ? "no name given" : "no key given";
  const found = more.length > 0 ? `${command} does not take ${JSON.stringify(more[0])}` : missing;
  throw new Docker2vmError("E_USAGE", found, { hint: `docker2vm ${command} NAME:TAG --key ${key}` });
}

/** What became of a manifest's signatures, as lines. */
export function signedText({ digest, made, there }: SignedManifest): readonly string[] {
  return [
    ...(made.length === 0 ? [] : [`Signed    ${digest} (${made.join(", ")})`]),
    ...(there.length === 0 ? [] : [`Unchanged ${digest} (${there.join(", ")}): signed by the key before`]),
  ];
}

function textOf({ reference, digest, signed }: SignResult): string {
  const lines = [`Image     ${reference}`, `Digest    ${digest}`, ...signed.flatMap(signedText)];
  return lines.map((text) => `${printable(text)}\n`).join("");
}

const VERDICTS = {
  valid: "valid",
  invalid: "not valid by this key",
  keyless: "by a certificate, which no key can check",
  attested: "a document signed by the key",
  other: "about something else",
} as const;

function foundText({ reference, digest, signatures }: SignatureReport): string {
  const lines = [
    `Image     ${reference}`,
    `Digest    ${digest}`,
    ...signatures.map(
      ({ format, verdict, digest }) => `${format.padEnd(9)} ${VERDICTS[verdict]} (${digest})`,
    ),
  ];
  return lines.map((text) => `${printable(text)}\n`).join("");
}

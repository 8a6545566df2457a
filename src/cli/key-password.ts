import { readFileSync } from "node:fs";
import { Docker2vmError } from "../errors.ts";
import { SIGNATURE_FORMATS, type SignatureFormat } from "../referrer/sign-manifest.ts";
import { whyUnreadable } from "../system-errors.ts";
import { type CommandLine, choice, flag, stringOption } from "./arguments.ts";
import type { Host } from "./host.ts";
import { readSecret } from "./secret.ts";

/** How a key is used, as the options say. */
export interface KeyUse {
  readonly keyPassword: string | undefined;
  readonly formats: readonly SignatureFormat[];
}

/**
 * The password of a private key, from where the options say that it is, else as cosign has it; and the forms of signatures.
 * Throws E_USAGE.
 */
export async function keyUse(line: CommandLine, host: Host): Promise<KeyUse> {
  const format = choice(line, "signature-format", ["both", ...SIGNATURE_FORMATS]) ?? "both";
  const formats = format === "both" ? SIGNATURE_FORMATS : [format];
  return { keyPassword: await keyPassword(line, host), formats };
}

async function keyPassword(line: CommandLine, host: Host): Promise<string | undefined> {
  const file = stringOption(line, "key-password-file");
  if (!flag(line, "key-password-stdin")) {
    return file === undefined ? host.env["COSIGN_PASSWORD"] : passwordIn(file);
  }
  if (file !== undefined || flag(line, "password-stdin")) {
    const other = file === undefined ? "--password-stdin" : "--key-password-file";
    throw new Docker2vmError("E_USAGE", `--key-password-stdin and ${other} do not go together`, {
      hint: "have the key's password in COSIGN_PASSWORD, or in a file for --key-password-file",
    });
  }
  return readSecret(host);
}

function passwordIn(path: string): string {
  try {
    return readFileSync(path, "utf8").replace(/\r?\n$/, "");
  } catch (cause) {
    throw new Docker2vmError("E_USAGE", `the password file ${path}: ${whyUnreadable(cause)}`, {
      hint: "--key-password-file takes a file with nothing but the password of the key",
      cause,
    });
  }
}

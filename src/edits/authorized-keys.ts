import { Docker2vmError } from "../errors.ts";

/** A type and what begins as base64 of a key does: sshd(8), "AUTHORIZED_KEYS FILE FORMAT". Options may stand before. */
const PUBLIC_KEY = /(?:^|[\s,])(?:ssh-|ecdsa-sha2-|sk-ssh-|sk-ecdsa-)[\w.@-]+[ \t]+AAAA[\w+/]/;
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;

/**
 * The lines of a file of public keys, the last one ended; bytes, one character each. Throws E_USAGE for anything else,
 * private keys above all.
 */
export function publicKeys(bytes: Uint8Array, edit: string): string {
  const text = Buffer.from(bytes).toString("latin1").replaceAll("\r\n", "\n");
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  if (PRIVATE_KEY.test(text)) {
    throw refuse(edit, "that is a private key", "give the public one, which ends in .pub");
  }
  const keys = lines.filter((line) => !line.trimStart().startsWith("#"));
  if (keys.length === 0 || !keys.every((line) => PUBLIC_KEY.test(line))) {
    throw refuse(edit, "there are other things than public keys", "a line holds one, as ssh-ed25519 AAAA…");
  }
  return `${lines.join("\n")}\n`;
}

function refuse(edit: string, what: string, hint: string): Docker2vmError {
  return new Docker2vmError("E_USAGE", `${edit}: ${what}`, { hint });
}

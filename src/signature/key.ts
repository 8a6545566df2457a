import { createPublicKey, type KeyObject } from "node:crypto";
import { createReadStream } from "node:fs";
import { Docker2vmError } from "../errors.ts";
import { whyUnreadable } from "../system-errors.ts";

/** Bytes that are read of a file; a key has 178. */
const KEY_FILE_LIMIT = 64 << 10;
const PUBLIC_KEY = "-----BEGIN PUBLIC KEY-----";
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;
const MAKE_ONE = "cosign generate-key-pair writes one to cosign.pub";

/** The public key in a PEM file as cosign writes it. Throws E_USAGE for anything but one key, ECDSA on P-256. */
export async function readSignatureKey(path: string): Promise<KeyObject> {
  const pem = await readStart(path);
  if (PRIVATE_KEY.test(pem)) {
    throw unusable(path, "is a private key", "give the public one; cosign public-key --key FILE prints it");
  }
  const keys = pem.split(PUBLIC_KEY).length - 1;
  if (keys === 0) throw unusable(path, "holds no public key in PEM form", MAKE_ONE);
  if (keys > 1)
    throw unusable(path, `holds ${keys} public keys`, "give a file with the one that has to sign");
  let key: KeyObject | undefined;
  try {
    key = createPublicKey(pem);
  } catch {
    // What the parser says of it is of no help.
  }
  if (key?.asymmetricKeyType === "ec" && key.asymmetricKeyDetails?.namedCurve === "prime256v1") return key;
  throw unusable(path, "is no public key of cosign's (ECDSA on P-256)", MAKE_ONE);
}

/** A stream, because the key may come through a pipe, which has no size. */
async function readStart(path: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of createReadStream(path, { end: KEY_FILE_LIMIT - 1 })) chunks.push(chunk);
  } catch (cause) {
    throw unusable(path, whyUnreadable(cause), "name the public key of who signs the image", cause);
  }
  return Buffer.concat(chunks).toString("latin1");
}

function unusable(path: string, what: string, hint: string, cause?: unknown): Docker2vmError {
  return new Docker2vmError("E_USAGE", `the key ${path}: ${what}`, { hint, cause });
}

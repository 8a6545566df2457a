import { createPublicKey, type KeyObject } from "node:crypto";
import { readKeyFile, unusableKey } from "./key-file.ts";

const PUBLIC_KEY = "-----BEGIN PUBLIC KEY-----";
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;
const MAKE_ONE = "cosign generate-key-pair writes one to cosign.pub";

/** The public key in a PEM file as cosign writes it. Throws E_USAGE for anything but one key, ECDSA on P-256. */
export async function readSignatureKey(path: string): Promise<KeyObject> {
  const pem = await readKeyFile(path, "name the public key of who signs the image");
  if (PRIVATE_KEY.test(pem)) {
    throw unusableKey(
      path,
      "is a private key",
      "give the public one; cosign public-key --key FILE prints it",
    );
  }
  const keys = pem.split(PUBLIC_KEY).length - 1;
  if (keys === 0) throw unusableKey(path, "holds no public key in PEM form", MAKE_ONE);
  if (keys > 1) {
    throw unusableKey(path, `holds ${keys} public keys`, "give a file with the one that has to sign");
  }
  let key: KeyObject | undefined;
  try {
    key = createPublicKey(pem);
  } catch {
    // What the parser says of it is of no help.
  }
  if (key !== undefined && isCosigns(key)) return key;
  throw unusableKey(path, "is no public key of cosign's (ECDSA on P-256)", MAKE_ONE);
}

/** Whether a key, public or private, is of the one kind that cosign makes. */
export function isCosigns({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  return asymmetricKeyType === "ec" && asymmetricKeyDetails?.namedCurve === "prime256v1";
}

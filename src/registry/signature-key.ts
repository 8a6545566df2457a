import { createPublicKey, type KeyObject } from "node:crypto";
import { Docker2vmError } from "../errors.ts";
import { readPemFile } from "./pem-file.ts";

/** The public key in a PEM file as cosign writes it. Throws E_USAGE for anything but ECDSA on P-256. */
export async function readSignatureKey(path: string): Promise<KeyObject> {
  const pem = await readPemFile(path, "PUBLIC KEY");
  let key: KeyObject | undefined;
  try {
    key = createPublicKey(pem);
  } catch {
    // What the parser says of it is of no help.
  }
  if (key?.asymmetricKeyType === "ec" && key.asymmetricKeyDetails?.namedCurve === "prime256v1") return key;
  throw new Docker2vmError("E_USAGE", `${path}: is no public key of cosign's (ECDSA on P-256)`, {
    hint: "cosign generate-key-pair writes one to cosign.pub",
  });
}

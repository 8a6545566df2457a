/** Documents that say themselves whether they are whole: a line with the digest of all that follows, and JSON. */
import { isDigest, sha256Of } from "../oci/digest.ts";

export function sealed(value: object): Uint8Array {
  const text = JSON.stringify(value);
  return Buffer.from(`${sha256Of(Buffer.from(text))}\n${text}`);
}

/** The JSON; undefined for what is not whole. */
export function unsealed(bytes: Uint8Array): Uint8Array | undefined {
  const end = bytes.indexOf(0x0a);
  const text = bytes.subarray(end + 1);
  const digest = Buffer.from(bytes.subarray(0, Math.max(end, 0))).toString("latin1");
  return isDigest(digest) && sha256Of(text) === digest ? text : undefined;
}

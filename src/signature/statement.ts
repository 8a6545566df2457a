/** Statements: in-toto/attestation spec/v1, and how they are signed: secure-systems-lab/dsse protocol.md. */
import { type Digest, digestAlgorithm, digestHex } from "../oci/digest.ts";
import type { JsonValue } from "../oci/json.ts";

/** Media type of a statement, also as what an envelope holds. */
export const IN_TOTO = "application/vnd.in-toto+json";
const STATEMENT = "https://in-toto.io/Statement/v1";
/** What says no more than that the image is signed. A list of its packages, though signed too, commends nothing. */
export const SIGNED = "https://sigstore.dev/cosign/sign/v1";

/** What a statement is about. */
export interface StatementSubject {
  readonly name?: string;
  readonly digest: Digest;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A statement's bytes. */
export function statementDocument(
  subjects: readonly StatementSubject[],
  predicateType: string,
  predicate: object,
): Buffer {
  const subject = subjects.map(({ digest, ...rest }) => ({
    ...rest,
    digest: { [digestAlgorithm(digest)]: digestHex(digest) },
  }));
  return Buffer.from(JSON.stringify({ _type: STATEMENT, subject, predicateType, predicate }));
}

/** The bytes that a signature is over: "PAE" of DSSE. */
export function preAuthEncoding(payload: Uint8Array): Buffer {
  const head = `DSSEv1 ${IN_TOTO.length} ${IN_TOTO} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

/** The kind of a statement; undefined for another document. Throws E_BAD_MANIFEST for what is no such JSON. */
export function predicateTypeOf(statement: JsonValue): string | undefined {
  return statement.field("_type").string() === STATEMENT
    ? statement.field("predicateType").string()
    : undefined;
}

/** Whether a statement is about what has the digest. Throws E_BAD_MANIFEST likewise. */
export function isAbout(statement: JsonValue, digest: Digest): boolean {
  const algorithm = digestAlgorithm(digest);
  return statement
    .field("subject")
    .items()
    .some((subject) => subject.field("digest").field(algorithm).optionalString() === digestHex(digest));
}

/** Documents that hang at an image, found and judged: OCI distribution spec, "Listing Referrers". */
import type { KeyObject } from "node:crypto";
import { Docker2vmError, EXIT } from "../errors.ts";
import { type Descriptor, readDescriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { parseDocument } from "../oci/document.ts";
import { type JsonValue, parseJson } from "../oci/json.ts";
import type { RawManifest } from "../oci/manifest.ts";
import { isManifest } from "../oci/media-types.ts";
import type { Repository } from "../registry/repository.ts";
import { Budget } from "../signature/budget.ts";
import { isBundle, judgeBundle, payloadIn } from "../signature/bundle.ts";
import { requireSignature } from "../signature/require-signature.ts";
import { IN_TOTO, isAbout, predicateTypeOf, SIGNED } from "../signature/statement.ts";
import { TITLE } from "./push-referrer.ts";

/** Bytes of a statement or a bundle: it is in memory as a whole. */
const STATEMENT_LIMIT = 1 << 20;
const BROKEN: ReadonlySet<number> = new Set([EXIT.badImage, EXIT.integrity, EXIT.notFound]);

/** A document that hangs at an image. */
export interface HungDocument {
  readonly blob: Descriptor;
  /** What a file of it wants to be called; anything may be in it. */
  readonly title: string | undefined;
  /** Of the manifest that brings it. */
  readonly broughtBy: Digest;
}

/** One that is listed there and is not taken. */
export interface RefusedDocument {
  readonly digest: Digest;
  readonly reason: string;
}

/** What hangs at an image, signatures apart. */
export interface HungDocuments {
  readonly documents: readonly HungDocument[];
  readonly refused: readonly RefusedDocument[];
}

/**
 * Finds the documents. One that is about something else, or cannot be read, is not taken; with a key, nor is one that the
 * key has not signed. Whoever may push to a repository must not be able to hide the others. Throws as Repository does, and
 * E_LIMIT where there are more than are looked at.
 */
export async function findDocuments(
  repository: Repository,
  image: RawManifest,
  key: KeyObject | undefined,
): Promise<HungDocuments> {
  const documents: HungDocument[] = [];
  const refused: RefusedDocument[] = [];
  const budget = new Budget();
  const referring = new Referring(repository, image, key, budget);
  for await (const referrer of referrersOf(repository, image.digest, budget)) {
    try {
      documents.push(...(await referring.documentsOf(referrer)));
    } catch (error) {
      if (!(error instanceof Docker2vmError) || !BROKEN.has(error.exitCode)) throw error;
      refused.push({ digest: referrer.digest, reason: error.message });
    }
  }
  return { documents, refused };
}

async function* referrersOf(
  repository: Repository,
  digest: Digest,
  budget: Budget,
): AsyncGenerator<Descriptor> {
  for await (const { manifests, size } of repository.referrers(digest)) {
    let isWithin = budget.spend("pages") && budget.spend("bytes", size);
    for (const referrer of manifests.filter(({ mediaType }) => isManifest(mediaType))) {
      isWithin &&= budget.spend("manifests");
      if (isWithin) yield referrer;
    }
    if (!isWithin) throw tooMuch(repository, digest);
  }
}

function tooMuch(repository: Repository, digest: Digest): Docker2vmError {
  return new Docker2vmError("E_LIMIT", repository.name(`more refers to ${digest} than is looked at`), {
    hint: "pull without its documents, and have the repository cleaned up",
  });
}

class Referring {
  readonly #repository: Repository;
  readonly #image: RawManifest;
  readonly #key: KeyObject | undefined;
  readonly #budget: Budget;

  constructor(repository: Repository, image: RawManifest, key: KeyObject | undefined, budget: Budget) {
    this.#repository = repository;
    this.#image = image;
    this.#key = key;
    this.#budget = budget;
  }

  /** Throws E_BAD_MANIFEST and E_SIGNATURE for what is not to be taken, E_LIMIT. */
  async documentsOf(referrer: Descriptor): Promise<readonly HungDocument[]> {
    const manifest = await this.#repository.described(referrer);
    const where = this.#repository.name(`document ${manifest.digest}`);
    const value = parseDocument(manifest.bytes, where, manifest.mediaType);
    const subject = value.field("subject");
    const named = subject.missing ? undefined : readDescriptor(subject).digest;
    if (named !== this.#image.digest) {
      throw subject.error("E_BAD_MANIFEST", `it is about ${named ?? "nothing"}, not ${this.#image.digest}`);
    }
    const taken: HungDocument[] = [];
    let isJudged = false;
    for (const layer of this.#broughtBy(value)) {
      if (isBundle(layer.mediaType)) {
        if (!(await this.#isAttestation(layer, where))) continue;
      } else {
        if (layer.mediaType === IN_TOTO) await this.#statementType(layer, where);
        if (!isJudged && this.#key !== undefined) {
          await requireSignature(this.#repository, [manifest], this.#key);
        }
        isJudged = true;
      }
      taken.push({ blob: layer, title: layer.annotations[TITLE], broughtBy: manifest.digest });
    }
    return taken;
  }

  /** Throws E_LIMIT where that is more than is looked at. */
  #broughtBy(manifest: JsonValue): readonly Descriptor[] {
    const layers = manifest.field("layers").items();
    if (!this.#budget.spend("documents", layers.length)) throw tooMuch(this.#repository, this.#image.digest);
    return layers.map(readDescriptor);
  }

  /** False for a signature, which says nothing but that it is one. */
  async #isAttestation(layer: Descriptor, where: string): Promise<boolean> {
    const bytes = await this.#repository.document(layer, STATEMENT_LIMIT, "bundle");
    const payload = payloadIn(bytes, where);
    if (payload === undefined || this.#checkedType(payload, where) === SIGNED) return false;
    if (this.#key !== undefined && judgeBundle(bytes, this.#image, this.#key) !== "attested") {
      throw new Docker2vmError("E_SIGNATURE", `${where}: it is not signed by the key given`);
    }
    return true;
  }

  async #statementType(layer: Descriptor, where: string): Promise<string | undefined> {
    return this.#checkedType(await this.#repository.document(layer, STATEMENT_LIMIT, "statement"), where);
  }

  #checkedType(payload: Uint8Array, where: string): string | undefined {
    const statement = parseJson(payload, where, STATEMENT_LIMIT);
    const type = predicateTypeOf(statement);
    if (type !== undefined && !isAbout(statement, this.#image.digest)) {
      throw statement.error("E_BAD_MANIFEST", `what it states is not of ${this.#image.digest}`);
    }
    return type;
  }
}

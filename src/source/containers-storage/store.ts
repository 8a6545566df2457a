/** The documents of containers/storage: images.go and layers.go there. What is in them is another program's word. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Docker2vmError, isAbsence } from "../../errors.ts";
import { type Digest, isDigest } from "../../oci/digest.ts";
import { type JsonValue, parseJson } from "../../oci/json.ts";
import { LAYER_LIMIT } from "../../oci/manifest.ts";
import { quote } from "../../oci/quote.ts";
import { inputError } from "../system-errors.ts";

/** Bytes of a list: a layer takes half a thousand. */
const LIST_LIMIT = 256 << 20;
/** Drivers whose folders of files are read here, and where in them each layer has its own. */
const FILES_OF: Readonly<Record<string, (layer: string) => string>> = {
  overlay: (layer) => `overlay/${layer}/diff`,
  vfs: (layer) => `vfs/dir/${layer}`,
};
const READABLE = Object.keys(FILES_OF);
/** IDs become parts of paths. */
const ID = /^[a-zA-Z0-9][a-zA-Z0-9_-]*$/;
const SAVE = "podman save IMAGE | docker2vm convert - takes an image from any of them";
export const NOT_WHOLE = "the storage is damaged, or the image was removed meanwhile: pull or build it again";

export interface StoredImage {
  readonly id: string;
  readonly names: readonly string[];
  /** Of its manifests, by whichever of them it may be named. */
  readonly digests: readonly string[];
  /** The uppermost; undefined where there is none. */
  readonly layer: string | undefined;
}

export interface StoredLayer {
  readonly id: string;
  readonly parent: string | undefined;
  /** Of its tar, uncompressed. Undefined where it was not pulled as one, but file by file. */
  readonly diffDigest: Digest | undefined;
  /** Bytes of that tar. */
  readonly diffSize: number;
}

/** One graph root of one driver. */
export class Store {
  readonly #root: string;
  readonly #driver: string;

  private constructor(root: string, driver: string) {
    this.#root = root;
    this.#driver = driver;
  }

  /**
   * Undefined where there is no storage. `driver` is one by either of its names. Throws E_UNSUPPORTED for that of another driver, E_IO for what this user may not
   * read.
   */
  static open(root: string, driver: string | undefined): Store | undefined {
    const drivers = driversIn(root);
    if (drivers.length === 0) return undefined;
    const chosen = driver?.replace("overlay2", "overlay") ?? READABLE.find((each) => drivers.includes(each));
    if (chosen !== undefined && Object.hasOwn(FILES_OF, chosen)) {
      return drivers.includes(chosen) ? new Store(root, chosen) : undefined;
    }
    throw new Docker2vmError(
      "E_UNSUPPORTED",
      `${root}: is storage of the driver ${quote(chosen ?? drivers[0] ?? "")}, which cannot be read here`,
      { hint: `${READABLE.join(" and ")} can; ${SAVE}` },
    );
  }

  /** Of messages. */
  get name(): string {
    return this.#root;
  }

  /** Throws E_BAD_MANIFEST for a list that cannot be read, E_IO. */
  images(): readonly StoredImage[] {
    return this.#list("images").map(readImage);
  }

  /** From the base upwards. Throws E_BAD_MANIFEST where one is not there. */
  layersOf({ layer, id }: StoredImage): readonly StoredLayer[] {
    const all = new Map(this.#list("layers").map((value) => [value.field("id").string(), value]));
    const chain: StoredLayer[] = [];
    for (let next = layer; next !== undefined; ) {
      const value = all.get(next);
      if (value === undefined || chain.length === LAYER_LIMIT) {
        const what = value === undefined ? `there is no layer ${quote(next)}` : "its layers have no end";
        const where = `${this.#root}: image ${id}`;
        throw new Docker2vmError("E_BAD_MANIFEST", `${where}: ${what}`, { hint: NOT_WHOLE });
      }
      const read = readLayer(value);
      chain.unshift(read);
      next = read.parent;
    }
    return chain;
  }

  /** What is kept beside an image under a name of its own; undefined if nothing is. */
  bigData({ id }: StoredImage, name: string): Uint8Array | undefined {
    return readIfThere(join(this.#folder("images"), id, bigDataFile(name)));
  }

  /** The file that a layer's tar is put together by. */
  tarSplit({ id }: StoredLayer): string {
    return join(this.#folder("layers"), `${id}.tar-split.gz`);
  }

  /** The folder of a layer's files. */
  files({ id }: StoredLayer): string {
    return join(this.#root, FILES_OF[this.#driver]?.(id) ?? "");
  }

  #folder(what: "images" | "layers"): string {
    return join(this.#root, `${this.#driver}-${what}`);
  }

  /** Such a list is replaced as a whole, so that it is one whenever it is read. */
  #list(what: "images" | "layers"): readonly JsonValue[] {
    const path = join(this.#folder(what), `${what}.json`);
    const bytes = readIfThere(path);
    return bytes === undefined ? [] : parseJson(bytes, path, LIST_LIMIT).items();
  }
}

/** Those that have folders there. */
function driversIn(root: string): readonly string[] {
  try {
    const images = readdirSync(root).filter((name) => name.endsWith("-images"));
    return images
      .map((name) => name.slice(0, -"-images".length))
      .filter((driver) => existsSync(join(root, `${driver}-layers`)))
      .sort();
  } catch (error) {
    if (isAbsence(error)) return [];
    throw unreadable(error, root);
  }
}

function readImage(value: JsonValue): StoredImage {
  const layer = value.field("layer").optionalString();
  const digests = value.field("big-data-digests").stringMap();
  return {
    id: idOf(value.field("id")),
    names: value.field("names").strings(),
    digests: [
      value.field("digest").optionalString() ?? "",
      ...Object.entries(digests).flatMap(([name, digest]) => (name.startsWith("manifest") ? [digest] : [])),
    ],
    layer: layer === "" ? undefined : layer,
  };
}

function readLayer(value: JsonValue): StoredLayer {
  const parent = value.field("parent").optionalString();
  const diffDigest = value.field("diff-digest").optionalString() ?? "";
  const size = value.field("diff-size");
  return {
    id: idOf(value.field("id")),
    parent: parent === "" ? undefined : parent,
    diffDigest: isDigest(diffDigest) ? diffDigest : undefined,
    diffSize: size.missing ? 0 : size.count(),
  };
}

function idOf(value: JsonValue): string {
  const id = value.string();
  if (ID.test(id)) return id;
  throw value.error("E_BAD_MANIFEST", `${quote(id)} is no ID`);
}

/** containers/storage, images.go, makeBigDataBaseName: what has other characters is in base64. */
function bigDataFile(name: string): string {
  return /^[a-z0-9.]*$/.test(name) ? name : `=${Buffer.from(name, "utf8").toString("base64")}`;
}

function readIfThere(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw unreadable(error, path);
  }
}

/** Whatever is in a storage is its owner's alone. */
export function unreadable(error: unknown, path: string): Docker2vmError {
  const { code, message, hint } = inputError(error, path);
  const isForbidden = code === "E_IO" && /EACCES|EPERM/.test(message);
  return new Docker2vmError(code, message, {
    hint: isForbidden
      ? "root's storage needs root (sudo), another user's files the names of its own: podman unshare docker2vm …"
      : hint,
    cause: error,
  });
}

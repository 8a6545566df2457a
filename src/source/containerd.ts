/**
 * Images in containerd's content store, read without containerd: its blobs lie as those of an OCI layout do, its names in a
 * database beside them (containerd, docs/content-flow.md and core/metadata/buckets.go).
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Bucket } from "../bolt/bucket.ts";
import { readDatabase } from "../bolt/database.ts";
import { Docker2vmError, isAbsence } from "../errors.ts";
import type { Environment } from "../http/proxy.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { type Digest, parseDigest } from "../oci/digest.ts";
import { MANIFEST_LIMIT } from "../oci/document.ts";
import { parseJson } from "../oci/json.ts";
import { isManifest, OCI_INDEX, OCI_MANIFEST } from "../oci/media-types.ts";
import type { WantedPlatform } from "../oci/platform.ts";
import { quote } from "../oci/quote.ts";
import { selectManifest } from "../oci/select.ts";
import { blobName } from "./blobs.ts";
import { fullNames, listNames } from "./engine-names.ts";
import { formatEngineReference } from "./engine-reference.ts";
import { type FileStore, readWhole } from "./file-store.ts";
import { folderStore } from "./folder-store.ts";
import { indexReader } from "./layout.ts";
import { resolveManifest } from "./resolve-manifest.ts";
import type { ContainerdSource, ImageSource, ResolvedImage } from "./source.ts";
import { inputError } from "./system-errors.ts";
import { readTomlStrings } from "./toml-strings.ts";

const SETTINGS = "/etc/containerd/config.toml";
const USUAL_ROOT = "/var/lib/containerd";
const USUAL_NAMESPACE = "default";
const DATABASE = "io.containerd.metadata.v1.bolt/meta.db";
const CONTENT = "io.containerd.content.v1.content";
/** Of the database's layout; unchanged since containerd 1.0. */
const SCHEMA = "v1";
const INCOMPLETE =
  "containerd has not pulled it, or gave it up after unpacking (discard_unpacked_layers): " +
  "ctr images pull --all-platforms brings it";
const EXPORT = "ctr images export - NAME | docker2vm convert - takes one by containerd itself";

interface Place {
  readonly root: string;
  readonly namespace: string;
}

/** Nothing is read before resolve. That throws E_IMAGE_NOT_FOUND, E_IO, E_BAD_MANIFEST, and as a layout's does. */
export function openContainerd(spec: ContainerdSource, environment: Environment): ImageSource {
  return {
    origin: { kind: spec.kind, reference: formatEngineReference(spec) },
    resolve: (platform) => resolve(spec, environment, platform),
    close: async () => undefined,
  };
}

async function resolve(
  spec: ContainerdSource,
  environment: Environment,
  platform: WantedPlatform,
): Promise<ResolvedImage> {
  const root = spec.root ?? rootOfSettings() ?? USUAL_ROOT;
  const namespace = spec.namespace ?? (environment["CONTAINERD_NAMESPACE"] || USUAL_NAMESPACE);
  const store: FileStore = { ...folderStore(join(root, CONTENT)), name: root, absenceHint: INCOMPLETE };
  const { name } = spec;
  const target = await findTarget(store, name, { root, namespace });
  const where = `${root}: ${quote(name)}`;
  const manifest = isManifest(target.mediaType)
    ? target
    : await selectManifest({ manifests: [target] }, platform, indexReader(store), where);
  return resolveManifest(store, manifest, platform);
}

async function findTarget(store: FileStore, name: string, place: Place): Promise<Descriptor> {
  if (name.startsWith("@")) return describe(store, parseDigest(name.slice(1), store.name));
  const target = namedTarget(place, name);
  if (target !== undefined) return target;
  // Of an image that was pulled by a tag the digest is known all the same.
  const [, digest] = /@(sha(?:256|512):[a-f0-9]+)$/.exec(name) ?? [];
  if (digest !== undefined) return describe(store, parseDigest(digest, quote(name)));
  throw notFound(place, name);
}

/** The manifest or index of that digest, of which nothing is known but its bytes. */
async function describe(store: FileStore, digest: Digest): Promise<Descriptor> {
  const file = await store.find(blobName(digest));
  if (file === undefined) {
    throw new Docker2vmError("E_IMAGE_NOT_FOUND", `${store.name}: there is no content ${digest}`, {
      hint: "ctr content ls lists what there is; its folder can be given as containerd:[NAMESPACE@/ROOT]NAME",
    });
  }
  const where = `${store.name}: ${digest}`;
  const document = parseJson(await readWhole(file, MANIFEST_LIMIT, where), where, MANIFEST_LIMIT);
  const mediaType =
    document.field("mediaType").optionalString() ?? (document.has("manifests") ? OCI_INDEX : OCI_MANIFEST);
  return { mediaType, digest, size: file.size, annotations: {}, urls: [] };
}

function namedTarget(place: Place, name: string): Descriptor | undefined {
  const path = join(place.root, DATABASE);
  return inDatabase(place.root, (root) => {
    const images = root.bucket(SCHEMA)?.bucket(place.namespace)?.bucket("images");
    for (const candidate of new Set([name, ...possibleNames(name)])) {
      const target = images?.bucket(candidate)?.bucket("target");
      if (target !== undefined) return readTarget(target, `${path}: ${quote(candidate)}`);
    }
    return undefined;
  });
}

/** Names in containerd may be any text; others are no image's name anywhere else. */
function possibleNames(name: string): readonly string[] {
  try {
    return fullNames(name);
  } catch (error) {
    if (error instanceof Docker2vmError) return [];
    throw error;
  }
}

function readTarget(target: Bucket, where: string): Descriptor {
  const text = (key: string): string => Buffer.from(target.value(key) ?? []).toString("utf8");
  return {
    mediaType: text("mediatype"),
    digest: parseDigest(text("digest"), where),
    size: readVarint(target.value("size") ?? new Uint8Array()),
    annotations: {},
    urls: [],
  };
}

/** A number as Go's encoding/binary writes a signed one: seven bits to a byte, the least first, twice its value. */
function readVarint(bytes: Uint8Array): number {
  let value = 0;
  for (const [i, byte] of bytes.entries()) value += (byte & 0x7f) * 2 ** (7 * i);
  return value / 2;
}

function notFound({ root, namespace }: Place, name: string): Docker2vmError {
  const { names, elsewhere } = inDatabase(root, (database) => {
    const namespaces = database.bucket(SCHEMA);
    const wanted = new Set([name, ...possibleNames(name)]);
    const holding = [...(namespaces?.entries() ?? [])]
      .map(({ key }) => key)
      .filter((key) => namesIn(namespaces?.bucket(key)).some((each) => wanted.has(each)));
    return { names: namesIn(namespaces?.bucket(namespace)), elsewhere: holding };
  });
  const there = names.length === 0 ? "there is none in it at all" : `there is ${listNames(names)}`;
  return new Docker2vmError(
    "E_IMAGE_NOT_FOUND",
    `${root}: no image is called ${quote(name)} in the namespace ${quote(namespace)}`,
    {
      hint:
        elsewhere[0] === undefined
          ? there
          : `it is in the namespace ${elsewhere.join(", ")}: add --namespace ${elsewhere[0]}`,
    },
  );
}

function namesIn(namespace: Bucket | undefined): readonly string[] {
  return [...(namespace?.bucket("images")?.entries() ?? [])].map(({ key }) => key);
}

function inDatabase<T>(root: string, use: (database: Bucket) => T): T {
  const path = join(root, DATABASE);
  try {
    return readDatabase(path, use);
  } catch (error) {
    if (error instanceof Docker2vmError) throw error;
    if (isAbsence(error)) {
      throw new Docker2vmError("E_IMAGE_NOT_FOUND", `${root}: containerd keeps no images there`, {
        hint: `its folder is given as containerd:[NAMESPACE@/ROOT]NAME; Docker's own is /var/lib/docker/containerd/daemon, k3s's /var/lib/rancher/k3s/agent/containerd. ${EXPORT}`,
        cause: error,
      });
    }
    const { message } = inputError(error, path);
    throw new Docker2vmError("E_IO", message, {
      hint: `containerd's files are root's: run it with sudo; ${EXPORT}`,
      cause: error,
    });
  }
}

function rootOfSettings(): string | undefined {
  try {
    return readTomlStrings(readFileSync(SETTINGS, "utf8")).get("root")?.[0];
  } catch {
    // Who may not read the settings has the usual place, and is told what is not there.
    return undefined;
  }
}

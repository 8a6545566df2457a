/** Source references: how a user names an image in one word. */
import { existsSync } from "node:fs";
import { Docker2vmError } from "../errors.ts";
import { isDigest } from "../oci/digest.ts";
import { quote } from "../oci/quote.ts";
import { parseImageReference } from "../registry/reference.ts";
import {
  ENGINE_FORMS,
  formatEngineReference,
  isEngineSource,
  parseEngineReference,
} from "./engine-reference.ts";
import type {
  EngineSource,
  ImageChoice,
  PathSource,
  RegistrySource,
  RootfsSource,
  SourceSpec,
} from "./source.ts";

const KINDS = {
  oci: "oci-layout",
  "oci-archive": "oci-archive",
  "docker-archive": "docker-archive",
} as const;

/** Of what has no images to choose among: all behind the prefix is the path. */
const ROOTFS_KINDS = ["rootfs-tar", "dir", "image"] as const;

const FORMS =
  "oci:PATH, oci-archive:PATH, docker-archive:PATH (each with :TAG or @DIGEST), the name of an image in a registry, " +
  `${ENGINE_FORMS}, ` +
  "- for standard input, or of a root filesystem rootfs-tar:FILE, dir:PATH or image:FILE";
const REGISTRY_PREFIX = "docker://";

/**
 * Parses `oci:PATH[:TAG|@DIGEST]`, `oci-archive:…`, `docker-archive:…`, `rootfs-tar:FILE`, `dir:PATH`, `image:FILE`,
 * what parseEngineReference takes, or an image's name in a registry, with or without `docker://`. A path may hold colons: of the possible paths the longest that exists is taken, and where
 * none does, what is before the first colon. What could be a name is no source if it is also a path that exists: it
 * is for the user to say which is meant. Throws E_USAGE.
 */
export function parseSourceReference(
  text: string,
  exists: (path: string) => boolean = existsSync,
): PathSource | RegistrySource | EngineSource | RootfsSource {
  const rootfs = ROOTFS_KINDS.find((kind) => text.startsWith(`${kind}:`));
  const path = rootfs === undefined ? text : text.slice(rootfs.length + 1);
  if (path === "-" && (rootfs === undefined || rootfs === "rootfs-tar")) {
    throw new Docker2vmError(
      "E_USAGE",
      `the source ${quote(text)} is standard input, which is not read unasked`,
      {
        hint: `give its bytes: { kind: "${rootfs ?? "stdin"}", bytes: process.stdin }`,
      },
    );
  }
  if (rootfs !== undefined) {
    if (path === "") throw namesNoPath(text);
    return { kind: rootfs, path };
  }
  const kept = parseEngineReference(text);
  if (kept !== undefined) return kept;
  const [, prefix = "", rest = ""] = /^(oci|oci-archive|docker-archive):(.*)$/s.exec(text) ?? [];
  if (!isPrefix(prefix)) return registrySource(text, exists);
  if (rest === "") throw namesNoPath(text);
  return { kind: KINDS[prefix], ...splitPath(rest, exists) };
}

/** Whether it is a root filesystem, and no container image. */
export function isRootfs(spec: SourceSpec): spec is RootfsSource {
  return ROOTFS_KINDS.some((kind) => kind === spec.kind);
}

function namesNoPath(text: string): Docker2vmError {
  return new Docker2vmError("E_USAGE", `${quote(text)} names no path`, { hint: `write ${FORMS}` });
}

/** The reference that parses to the spec, or stands for it. */
export function formatSourceReference(spec: SourceSpec): string {
  if (spec.kind === "stdin") return "-";
  if (spec.kind === "stream") return spec.name ?? "the stream";
  if (isEngineSource(spec)) return formatEngineReference(spec);
  if (spec.kind === "registry") return `${REGISTRY_PREFIX}${spec.reference}`;
  if (spec.kind === "rootfs-tar") return `${spec.kind}:${spec.path ?? spec.name ?? "-"}`;
  if (spec.kind === "dir" || spec.kind === "image") return `${spec.kind}:${spec.path}`;
  const prefix = spec.kind === "oci-layout" ? "oci" : spec.kind;
  const tag = spec.select?.tag === undefined ? "" : `:${spec.select.tag}`;
  const digest = spec.select?.digest === undefined ? "" : `@${spec.select.digest}`;
  return `${prefix}:${spec.path}${tag}${digest}`;
}

function splitPath(
  text: string,
  exists: (path: string) => boolean,
): { readonly path: string; readonly select?: ImageChoice } {
  if (exists(text)) return { path: text };

  const at = text.lastIndexOf("@");
  const digest = text.slice(at + 1);
  if (at > 0 && /^sha(?:256|512):/.test(digest)) {
    if (!isDigest(digest)) {
      throw new Docker2vmError("E_USAGE", `${quote(digest)} is not a digest`, {
        hint: 'a digest is "sha256:" and 64 lower-case hexadecimal digits',
      });
    }
    // name:tag@digest means the digest; the tag before it only says what it once was.
    return { path: splitTag(text.slice(0, at), exists).path, select: { digest } };
  }
  const { path, tag } = splitTag(text, exists);
  return tag === "" ? { path } : { path, select: { tag } };
}

function splitTag(text: string, exists: (path: string) => boolean): { path: string; tag: string } {
  if (exists(text)) return { path: text, tag: "" };
  const first = text.indexOf(":");
  if (first <= 0) return { path: text, tag: "" };
  let colon = text.lastIndexOf(":");
  while (colon > first && !exists(text.slice(0, colon))) colon = text.lastIndexOf(":", colon - 1);
  return { path: text.slice(0, colon), tag: text.slice(colon + 1) };
}

function isPrefix(text: string): text is keyof typeof KINDS {
  return Object.hasOwn(KINDS, text);
}

function registrySource(text: string, exists: (path: string) => boolean): RegistrySource {
  const named = text.startsWith(REGISTRY_PREFIX);
  const reference = named ? text.slice(REGISTRY_PREFIX.length) : text;
  // No name begins as paths do; and of what is both, the user must say which is meant.
  if (!named && (/^[./~]|^$/.test(text) || exists(text))) {
    const what = exists(text) ? "does not say what is in it" : "is no image's name, and nothing is there";
    throw new Docker2vmError("E_USAGE", `${quote(text)} ${what}`, { hint: `write ${FORMS}` });
  }
  parseImageReference(reference);
  return { kind: "registry", reference };
}

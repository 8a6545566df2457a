/** Source references: how a user names an image in one word. */
import { existsSync } from "node:fs";
import { Docker2vmError } from "../errors.ts";
import { isDigest } from "../oci/digest.ts";
import { quote } from "../oci/quote.ts";
import type { ImageChoice, SourceSpec } from "./source.ts";

const KINDS = {
  oci: "oci-layout",
  "oci-archive": "oci-archive",
  "docker-archive": "docker-archive",
} as const;

const FORMS =
  "oci:PATH, oci-archive:PATH, docker-archive:PATH (each with :TAG or @DIGEST), or - for standard input";

/**
 * Parses `oci:PATH[:TAG|@DIGEST]`, `oci-archive:…`, `docker-archive:…` or `-`. A path may hold colons: of the
 * possible paths the longest that exists is taken, and where none does, what is before the first colon.
 * Throws E_USAGE.
 */
export function parseSourceReference(
  text: string,
  exists: (path: string) => boolean = existsSync,
): SourceSpec {
  if (text === "-") return { kind: "stdin" };
  const [, prefix = "", rest = ""] = /^(oci|oci-archive|docker-archive):(.*)$/s.exec(text) ?? [];
  if (!isPrefix(prefix)) throw notASource(text, exists);
  if (rest === "") {
    throw new Docker2vmError("E_USAGE", `${quote(text)} names no path`, { hint: `write ${FORMS}` });
  }
  return { kind: KINDS[prefix], ...splitPath(rest, exists) };
}

/** The reference that parses to the spec. */
export function formatSourceReference(spec: SourceSpec): string {
  if (spec.kind === "stdin") return "-";
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

function notASource(text: string, exists: (path: string) => boolean): Docker2vmError {
  const remote = /^(?:docker:\/\/)?([a-z0-9][a-z0-9._/:-]*(?:@[a-z0-9]+:[a-f0-9]+)?)$/i.exec(text)?.[1];
  if (remote === undefined || exists(text)) {
    return new Docker2vmError("E_USAGE", `${quote(text)} is not a source`, { hint: `write ${FORMS}` });
  }
  return new Docker2vmError(
    "E_USAGE",
    `${quote(text)}: pulling an image by its name from a registry is not supported yet`,
    { hint: `fetch it first: skopeo copy docker://${remote} oci:FOLDER:TAG, then give oci:FOLDER:TAG` },
  );
}

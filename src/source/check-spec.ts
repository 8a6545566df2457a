import { Docker2vmError } from "../errors.ts";
import { given, told } from "../given.ts";
import { awaitReader } from "./byte-stream.ts";
import type { Ownership, PathSource, SourceKind, SourceSpec, StandardInputSource } from "./source.ts";

/** What a source cannot do without, by its kind. */
const NEEDED: Readonly<Record<SourceKind, "path" | "reference" | "name" | "bytes">> = {
  "oci-layout": "path",
  "oci-archive": "path",
  "docker-archive": "path",
  registry: "reference",
  "docker-daemon": "name",
  "containers-storage": "name",
  containerd: "name",
  stream: "bytes",
  stdin: "bytes",
  "rootfs-tar": "path",
  dir: "path",
  image: "path",
};

type Parts = Pick<PathSource, "select"> & Pick<StandardInputSource, "file"> & Ownership;
const PART_SHAPES = {
  select: "object",
  file: "text",
  owner: "object",
  mapUid: "list",
  mapGid: "list",
} as const;

/**
 * A source in parts as it is, its bytes awaited. Types keep others out, but not of JavaScript: throws E_USAGE for what
 * names none. `name` is the option's.
 */
export function checkSpec(spec: SourceSpec, name: string): SourceSpec {
  const parts: unknown = spec;
  if (typeof parts !== "object" || parts === null) {
    const what =
      parts === undefined ? `no ${name} given` : `the ${name} is ${told(parts)}, and names nothing`;
    throw wrong(what, `name an image: ${name}: "alpine:3.20", or "oci:./alpine" for a folder`);
  }
  const kind: unknown = Reflect.get(parts, "kind");
  if (typeof kind !== "string" || !isKind(kind)) {
    throw wrong(
      `the ${name} has ${asTold(kind)} for its kind`,
      `its kind is one of ${Object.keys(NEEDED).join(", ")}`,
    );
  }
  const part = kind === "rootfs-tar" && Reflect.has(parts, "bytes") ? "bytes" : NEEDED[kind];
  const value: unknown = Reflect.get(parts, part);
  const [is, shape] = part === "bytes" ? [areBytes, "a Uint8Array, or a stream of them"] : [isText, "a text"];
  if (!is(value)) {
    throw wrong(`the ${name}, of the kind ${kind}, has ${asTold(value)} for its ${part}`, `give ${shape}`);
  }
  const { select } = given<Parts>(parts, {}, PART_SHAPES);
  if (select !== undefined) given(select, {}, { tag: "text", digest: "text" });
  if ("bytes" in spec) awaitReader(spec.bytes);
  return spec;
}

function isKind(kind: string): kind is SourceKind {
  return Object.hasOwn(NEEDED, kind);
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

function areBytes(value: unknown): boolean {
  return (
    typeof value === "object" && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value)
  );
}

function asTold(value: unknown): string {
  return value === undefined ? "nothing" : told(value);
}

function wrong(message: string, hint: string): Docker2vmError {
  return new Docker2vmError("E_USAGE", message, { hint });
}

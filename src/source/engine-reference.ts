/** References to images that other programs keep on this machine: what stands behind their prefixes. */
import { isAbsolute } from "node:path";
import { Docker2vmError } from "../errors.ts";
import { isDigest } from "../oci/digest.ts";
import { quote } from "../oci/quote.ts";
import { fullNames, imageIdOf } from "./engine-names.ts";
import type {
  ContainerdSource,
  ContainersStorageSource,
  DockerDaemonSource,
  EngineSource,
} from "./source.ts";

export const ENGINE_FORMS = "docker-daemon:NAME, containers-storage:NAME or containerd:NAME";
const STORE_FORM = "containers-storage:[DRIVER@/GRAPHROOT]NAME";
const CONTAINERD_FORM = "containerd:[NAMESPACE@/ROOT]NAME";

/** The source that the text names by one of the three prefixes, undefined for any other. Throws E_USAGE. */
export function parseEngineReference(text: string): EngineSource | undefined {
  const [, kind, rest = ""] = /^(docker-daemon|containers-storage|containerd):(.*)$/s.exec(text) ?? [];
  if (kind === undefined) return undefined;
  if (kind === "docker-daemon") return dockerDaemon(rest, text);
  return kind === "containerd" ? containerd(rest, text) : containersStorage(rest, text);
}

/** Whether the image lies with another engine. */
export function isEngineSource(spec: { readonly kind: string }): spec is EngineSource {
  return ["docker-daemon", "containers-storage", "containerd"].includes(spec.kind);
}

/** The reference that parses to the spec. */
export function formatEngineReference(spec: EngineSource): string {
  return `${spec.kind}:${placeOf(spec)}${spec.name}`;
}

function placeOf(spec: EngineSource): string {
  if (spec.kind === "docker-daemon") return "";
  if (spec.kind === "containerd") {
    const { namespace, root } = spec;
    const at = root === undefined ? "" : `@${root}`;
    return namespace === undefined && root === undefined ? "" : `[${namespace ?? ""}${at}]`;
  }
  const { driver, root } = spec;
  if (root === undefined) return "";
  return driver === undefined ? `[${root}]` : `[${driver}@${root}]`;
}

function dockerDaemon(name: string, text: string): DockerDaemonSource {
  if (name === "") throw malformed(text, "names no image", "docker-daemon:NAME[:TAG] or docker-daemon:ID");
  if (imageIdOf(name) === undefined) fullNames(name);
  return { kind: "docker-daemon", name };
}

/**
 * As containers/storage has it, `[DRIVER@GRAPHROOT+RUNROOT:OPTIONS]NAME`; the run root and the options are for whoever
 * mounts something.
 */
function containersStorage(rest: string, text: string): ContainersStorageSource {
  const { place, name } = splitPlace(rest, text, STORE_FORM);
  if (!isStoredName(name)) fullNames(name);
  if (place === undefined) return { kind: "containers-storage", name };
  const [, driver, root = ""] = /^(?:([a-z0-9]+)@)?([^+:]*)(?:\+[^:]*)?(?::.*)?$/s.exec(place) ?? [];
  if (!isAbsolute(root)) throw malformed(text, "names no absolute graph root in the brackets", STORE_FORM);
  return { kind: "containers-storage", name, root, ...(driver === undefined ? {} : { driver }) };
}

/** An ID, also behind an @ as containers/image writes it. */
function isStoredName(name: string): boolean {
  return imageIdOf(name.replace(/^@/, "")) !== undefined;
}

/** Names of containerd's may be any text. */
function containerd(rest: string, text: string): ContainerdSource {
  const { place, name } = splitPlace(rest, text, CONTAINERD_FORM);
  if (name.startsWith("@") && !isDigest(name.slice(1))) {
    throw malformed(text, "has no digest behind the @", "containerd:@sha256: and 64 hexadecimal digits");
  }
  if (place === undefined) return { kind: "containerd", name };
  const [, namespace = "", behind, alone] = /^([^@/]*)(?:@(\/.*))?$|^(\/.*)$/s.exec(place) ?? [];
  const root = behind ?? alone;
  if (namespace === "" && root === undefined) {
    throw malformed(text, "names no namespace or absolute root in the brackets", CONTAINERD_FORM);
  }
  return {
    kind: "containerd",
    name,
    ...(namespace === "" ? {} : { namespace }),
    ...(root === undefined ? {} : { root }),
  };
}

function splitPlace(rest: string, text: string, form: string): { place: string | undefined; name: string } {
  const [, place, name = ""] = /^(?:\[([^\]]*)\])?(.*)$/s.exec(rest) ?? [];
  if (name === "") throw malformed(text, "names no image", form);
  return { place, name };
}

function malformed(text: string, what: string, form: string): Docker2vmError {
  return new Docker2vmError("E_USAGE", `${quote(text)} ${what}`, { hint: `write ${form}` });
}

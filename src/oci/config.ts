/** Image configurations: OCI image spec config.md. */
import { Docker2vmError } from "../errors.ts";
import { type Digest, parseDigest } from "./digest.ts";
import { type JsonValue, parseJson } from "./json.ts";
import { readPlatform, type StatedPlatform } from "./platform.ts";
import { quote } from "./quote.ts";

/** Bytes a config may have: histories and labels make some larger than any manifest. */
export const CONFIG_LIMIT = 8 << 20;

/** Fields bear the document's own names; platform fields are normalised, and may be missing. */
export interface ImageConfig extends StatedPlatform {
  /** RFC 3339, as written. */
  readonly created?: string | undefined;
  readonly author?: string | undefined;
  readonly "os.version"?: string | undefined;
  readonly "os.features"?: readonly string[] | undefined;
  /** The digests of the uncompressed layers, from the base upwards. */
  readonly rootfs: { readonly diff_ids: readonly Digest[] };
  readonly config: ExecutionParameters;
  /** What made each layer, from the base upwards, as far as that is told: nothing hangs on it. */
  readonly history: readonly HistoryEntry[];
  /** What is not as the specification has it, and no reason to refuse the image. */
  readonly warnings: readonly string[];
}

/** What somebody did to make an image. */
export interface HistoryEntry {
  /** As a shell or a Dockerfile has it; empty where nothing is told. */
  readonly createdBy: string;
  /** Whether it made no layer. */
  readonly isEmpty: boolean;
}

/** How a container of the image would run. Absent, null and empty mean the same and are all empty here. */
export interface ExecutionParameters {
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  /** Each `NAME=VALUE`. */
  readonly Env: readonly string[];
  readonly WorkingDir: string;
  readonly User: string;
  /** Each `PORT[/PROTOCOL]`. */
  readonly ExposedPorts: readonly string[];
  readonly Labels: Readonly<Record<string, string>>;
  readonly StopSignal: string;
  /** Paths in the image. */
  readonly Volumes: readonly string[];
}

/** Parses the raw bytes of a config. `document` names it in messages. Throws E_BAD_MANIFEST and as parseDigest does. */
export function parseConfig(bytes: Uint8Array, document: string): ImageConfig {
  const value = parseJson(bytes, document, CONFIG_LIMIT);
  const rootfs = value.field("rootfs");
  const type = rootfs.field("type");
  const kind = type.optionalString() ?? "";
  if (kind !== "layers" && kind !== "") {
    throw type.error("E_BAD_MANIFEST", `expected "layers", found ${quote(kind)}`);
  }
  return {
    ...readPlatform(value),
    created: value.field("created").optionalString(),
    author: value.field("author").optionalString(),
    "os.version": value.field("os.version").optionalString(),
    "os.features": value.field("os.features").missing ? undefined : value.field("os.features").strings(),
    rootfs: { diff_ids: rootfs.field("diff_ids").items().map(readDigest) },
    config: readExecutionParameters(value.field("config")),
    history: readHistory(value.field("history")),
    warnings: kind === "" ? [`${type.where}: does not say "layers": it is taken as that`] : [],
  };
}

/** None where it is not as the specification has it: it is for people alone. */
function readHistory(value: JsonValue): readonly HistoryEntry[] {
  try {
    return value.items().map((entry) => ({
      createdBy: entry.field("created_by").optionalString() ?? "",
      isEmpty: !entry.field("empty_layer").missing && entry.field("empty_layer").boolean(),
    }));
  } catch (error) {
    if (error instanceof Docker2vmError) return [];
    throw error;
  }
}

function readDigest(value: JsonValue): Digest {
  return parseDigest(value.string(), value.where);
}

function readExecutionParameters(value: JsonValue): ExecutionParameters {
  if (value.missing) return NO_PARAMETERS;
  return {
    Entrypoint: value.field("Entrypoint").strings(),
    Cmd: value.field("Cmd").strings(),
    Env: value.field("Env").strings(),
    WorkingDir: value.field("WorkingDir").optionalString() ?? "",
    User: value.field("User").optionalString() ?? "",
    ExposedPorts: value.field("ExposedPorts").names(),
    Labels: value.field("Labels").stringMap(),
    StopSignal: value.field("StopSignal").optionalString() ?? "",
    Volumes: value.field("Volumes").names(),
  };
}

/** Of files that come without a config: nothing is known of how they want to be run. */
export function noConfig(created: string | undefined): ImageConfig {
  return { created, rootfs: { diff_ids: [] }, config: NO_PARAMETERS, history: [], warnings: [] };
}

/** Of an image whose config says nothing of how it is run. */
export const NO_PARAMETERS: ExecutionParameters = {
  Entrypoint: [],
  Cmd: [],
  Env: [],
  WorkingDir: "",
  User: "",
  ExposedPorts: [],
  Labels: {},
  StopSignal: "",
  Volumes: [],
};

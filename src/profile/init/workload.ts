/** The workload that a machine is made for: the image's config, and over it what whoever converts wants otherwise. */
import type { ExecutionParameters } from "../../oci/config.ts";
import { quote } from "../../oci/quote.ts";
import { imageVariables } from "../image-variables.ts";
import type { WorkloadOverrides } from "./overrides.ts";
import { SIGTERM, stopSignalNumber } from "./stop-signal.ts";

/** What is run, where and as whom. Texts as they are in JSON. */
export interface Command {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  /** `NAME=VALUE`, each name once. */
  readonly env: readonly string[];
  /** Absolute. */
  readonly workdir: string;
  readonly user: string;
  readonly hostname: string | undefined;
}

/** The same with what the machine around it has to know. */
export interface Workload extends Command {
  /** Whether there are variables that are not the image's. */
  readonly hasGivenEnv: boolean;
  /** The machine's address, as the kernel's `ip=`; absent: by whoever sees to it in the machine, if anybody does. */
  readonly ip?: string | undefined;
  readonly stopSignal: number;
  readonly exposedPorts: readonly string[];
  readonly volumes: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** `warn` hears of what no process can be given, which is left out. */
export function workloadOf(
  image: ExecutionParameters,
  overrides: WorkloadOverrides,
  warn: (message: string) => void,
): Workload {
  return {
    ...commandOf(image, overrides, warn),
    hasGivenEnv: (overrides.env ?? []).length > 0,
    stopSignal: signalOf(image.StopSignal, warn),
    exposedPorts: image.ExposedPorts,
    volumes: image.Volumes.filter((volume) => canBeNamed(volume, warn)),
    labels: image.Labels,
  };
}

/** `warn` hears of what no process can be given, which is left out. */
export function commandOf(
  image: ExecutionParameters,
  overrides: WorkloadOverrides,
  warn: (message: string) => void,
): Command {
  const { entrypoint, cmd } = overrides;
  const variables = imageVariables([...image.Env, ...(overrides.env ?? [])], warn);
  return {
    entrypoint: entrypoint ?? image.Entrypoint,
    cmd: cmd ?? (entrypoint === undefined ? image.Cmd : []),
    env: [...variables].map(([name, value]) => Buffer.from(`${name}=${value}`, "latin1").toString("utf8")),
    workdir: overrides.workdir ?? absolute(image.WorkingDir),
    user: overrides.user ?? image.User,
    hostname: overrides.hostname,
  };
}

function signalOf(text: string, warn: (message: string) => void): number {
  const number = stopSignalNumber(text);
  if (number !== undefined) return number;
  warn(`the image's StopSignal is ${quote(text)}, which is no signal: SIGTERM is sent instead`);
  return SIGTERM;
}

function canBeNamed(volume: string, warn: (message: string) => void): boolean {
  if (!volume.includes("\0")) return true;
  warn(`the image has a volume that no path can name, left out: ${quote(volume)}`);
  return false;
}

/** A relative WorkingDir is taken from the root, an empty one is the root. */
function absolute(path: string): string {
  return path.startsWith("/") ? path : `/${path}`;
}

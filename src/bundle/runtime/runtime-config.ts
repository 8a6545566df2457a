/** How a container of an image is run, as runc, crun and their like read it: image-spec, conversion.md. */
import { Docker2vmError } from "../../errors.ts";
import { type ImageConfig, NO_PARAMETERS } from "../../oci/config.ts";
import type { Platform } from "../../oci/platform.ts";
import { quote } from "../../oci/quote.ts";
import { DEFAULT_PATH } from "../../profile/image-variables.ts";
import type { WorkloadOverrides } from "../../profile/init/overrides.ts";
import { type Command, commandOf } from "../../profile/init/workload.ts";
import { parseGroup, parsePasswd } from "../../profile/launcher/accounts.ts";
import { type Identity, resolveUser } from "../../profile/launcher/user.ts";
import { asBytes } from "../../profile/shell-words.ts";
import { annotationsOf } from "./annotations.ts";
import {
  CAPABILITIES,
  DEVICE_RULES,
  MASKED_PATHS,
  MOUNTS,
  NAMESPACES,
  OCI_VERSION,
  READONLY_PATHS,
} from "./defaults.ts";
import type { LinuxDocument, ProcessDocument, ResourcesDocument, RuntimeDocument } from "./document.ts";
import { type Owner, onlyId, ROOTLESS_NAMESPACES, rootlessMounts } from "./rootless.ts";

/** What of the machine a container may use at most; absent: all of it. */
export interface Resources {
  /** Bytes. */
  readonly memory?: number | undefined;
  /** Processors, 1.5 being one and a half. */
  readonly cpus?: number | undefined;
  /** Processes and threads. */
  readonly pids?: number | undefined;
}

/** What a runtime configuration follows from. */
export interface RuntimeSettings {
  /** Undefined where there is only a root filesystem. */
  readonly image: { readonly config: ImageConfig; readonly platform: Platform } | undefined;
  readonly overrides: WorkloadOverrides;
  /** The root filesystem's own /etc/passwd and /etc/group, bytes, one character each; empty where it has none. */
  readonly accounts: { readonly passwd: string; readonly group: string };
  /** Absolute, or relative to the bundle. */
  readonly rootPath: string;
  readonly terminal: boolean;
  readonly readOnly: boolean;
  readonly resources: Resources;
  /** Who starts it, where that is not root. */
  readonly rootless: Owner | undefined;
  readonly warn: (message: string) => void;
}

/** Microseconds, as Docker takes them for --cpus. */
const CPU_PERIOD = 100_000;

/**
 * Pure. Throws E_BAD_MANIFEST for a user that the root filesystem does not know and for what no process can be given,
 * E_USAGE where whoever asks has named it.
 */
export function runtimeConfig(settings: RuntimeSettings): RuntimeDocument {
  const { image, overrides, rootPath, readOnly, rootless, warn } = settings;
  const command = commandOf(image?.config.config ?? NO_PARAMETERS, overrides, warn);
  refuseNul(command);
  const annotations = image && annotationsOf(image.config, image.platform);
  return {
    ociVersion: OCI_VERSION,
    process: processOf(command, userOf(command.user, settings), settings),
    root: { path: rootPath, readonly: readOnly },
    ...(command.hostname === undefined ? {} : { hostname: command.hostname }),
    mounts: rootless === undefined ? MOUNTS : rootlessMounts(MOUNTS),
    ...(annotations === undefined ? {} : { annotations }),
    linux: linuxOf(settings),
  };
}

function processOf(
  { entrypoint, cmd, env, workdir }: Command,
  { uid, gid, groups, home }: Identity,
  { terminal, rootless, warn }: RuntimeSettings,
): ProcessDocument {
  const args = [...entrypoint, ...cmd];
  return {
    terminal,
    user: rootless === undefined ? { uid, gid, additionalGids: groups } : onlyUser(uid, gid, warn),
    ...(args.length === 0 ? {} : { args }),
    env: withDefaults(env, {
      PATH: DEFAULT_PATH,
      HOME: Buffer.from(home, "latin1").toString("utf8"),
      ...(terminal ? { TERM: "xterm" } : {}),
    }),
    cwd: workdir,
    capabilities: CAPABILITIES,
    noNewPrivileges: false,
  };
}

/** The image's own in their order, then those of the defaults that it does not set. */
function withDefaults(env: readonly string[], defaults: Readonly<Record<string, string>>): readonly string[] {
  const missing = Object.entries(defaults).filter(
    ([name]) => !env.some((entry) => entry.startsWith(`${name}=`)),
  );
  return [...env, ...missing.map(([name, value]) => `${name}=${value}`)];
}

function userOf(user: string, { accounts, overrides }: RuntimeSettings): Identity {
  const identity = resolveUser(asBytes(user), parsePasswd(accounts.passwd), parseGroup(accounts.group));
  if (!("reason" in identity)) return identity;
  const named = overrides.user !== undefined;
  throw new Docker2vmError(
    named ? "E_USAGE" : "E_BAD_MANIFEST",
    `the ${named ? "user" : "image's User"} ${quote(user)} is nobody: ${Buffer.from(identity.reason, "latin1").toString("utf8")}`,
    { hint: "name another one with --user, an account of the image or numbers: --user 1000:1000" },
  );
}

function onlyUser(uid: number, gid: number, warn: (message: string) => void): ProcessDocument["user"] {
  if (uid !== 0 || gid !== 0) {
    warn(
      `the user ${uid}:${gid} becomes 0:0, for a container without root has one user, which is root in it and you outside`,
    );
  }
  return { uid: 0, gid: 0 };
}

function linuxOf({ rootless, resources }: RuntimeSettings): LinuxDocument {
  const paths = { maskedPaths: MASKED_PATHS, readonlyPaths: READONLY_PATHS };
  if (rootless !== undefined) {
    return {
      uidMappings: onlyId(rootless.uid),
      gidMappings: onlyId(rootless.gid),
      namespaces: ROOTLESS_NAMESPACES.map((type) => ({ type })),
      ...paths,
    };
  }
  return {
    namespaces: NAMESPACES.map((type) => ({ type })),
    resources: resourcesOf(resources),
    ...paths,
  };
}

function resourcesOf({ memory, cpus, pids }: Resources): ResourcesDocument {
  return {
    devices: DEVICE_RULES,
    ...(memory === undefined ? {} : { memory: { limit: memory } }),
    ...(cpus === undefined ? {} : { cpu: { quota: Math.round(cpus * CPU_PERIOD), period: CPU_PERIOD } }),
    ...(pids === undefined ? {} : { pids: { limit: pids } }),
  };
}

function refuseNul({ entrypoint, cmd, workdir }: Command): void {
  for (const [name, words] of Object.entries({ entrypoint, cmd, workdir: [workdir] })) {
    if (!words.some((word) => word.includes("\0"))) continue;
    throw new Docker2vmError("E_BAD_MANIFEST", `the image's ${name} has a NUL byte`, {
      hint: `no process can be given one: give another with --${name}`,
    });
  }
}

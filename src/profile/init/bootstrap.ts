import type { Workload } from "./workload.ts";

/** How a workload is started, as `bootstrap.json` has it: the keys are those of the document. */
export interface BootstrapDocument {
  /** `NAME=VALUE`, each name once. */
  readonly env: readonly string[];
  /** Absolute. */
  readonly workdir: string;
  readonly entrypoint: readonly string[];
  /** The words behind the entrypoint. */
  readonly cmd: readonly string[];
  /** "80/tcp" */
  readonly exposedPorts: readonly string[];
  /** What the others have no place for. */
  readonly docker2vm: {
    /** `USER[:GROUP]`, names or numbers; empty for root. */
    readonly user: string;
    readonly hostname?: string;
    /** As the kernel's `ip=`. */
    readonly ip?: string;
    readonly stopSignal: number;
    readonly volumes: readonly string[];
    readonly labels: Readonly<Record<string, string>>;
  };
}

/**
 * An OVMS bootstrap config, application/vnd.ovms.bootstrap.config.v1+json (ovms, rfc/ovms-bootstrap.md): how the
 * workload is started, for whoever reads the image. Its five keys, and one of our own.
 */
export function bootstrapDocument(workload: Workload): BootstrapDocument {
  const { env, workdir, entrypoint, cmd, exposedPorts, ...own } = workload;
  const { user, hostname, ip, stopSignal, volumes, labels } = own;
  return {
    env,
    workdir,
    entrypoint,
    cmd,
    exposedPorts,
    docker2vm: {
      user,
      ...(hostname === undefined ? {} : { hostname }),
      ...(ip === undefined ? {} : { ip }),
      stopSignal,
      volumes,
      labels,
    },
  };
}

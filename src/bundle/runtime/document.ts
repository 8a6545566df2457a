/** The parts of a runtime configuration that are written here: OCI runtime-spec 1.0.2, config.md and config-linux.md. */

/** `config.json` of a bundle, as it is before a template changes it. */
export interface RuntimeDocument {
  readonly ociVersion: string;
  readonly process: ProcessDocument;
  readonly root: { readonly path: string; readonly readonly: boolean };
  readonly hostname?: string;
  readonly mounts: readonly MountDocument[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly linux: LinuxDocument;
}

export interface ProcessDocument {
  readonly terminal: boolean;
  readonly user: { readonly uid: number; readonly gid: number; readonly additionalGids?: readonly number[] };
  /** Absent where neither the image nor anybody else names a command. */
  readonly args?: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly capabilities: Readonly<Record<CapabilitySet, readonly string[]>>;
  readonly noNewPrivileges: boolean;
}

export type CapabilitySet = "bounding" | "effective" | "permitted";

export interface MountDocument {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

export interface LinuxDocument {
  readonly uidMappings?: readonly IdMapping[];
  readonly gidMappings?: readonly IdMapping[];
  readonly namespaces: readonly { readonly type: string }[];
  readonly resources?: ResourcesDocument;
  readonly maskedPaths: readonly string[];
  readonly readonlyPaths: readonly string[];
}

export interface IdMapping {
  readonly containerID: number;
  readonly hostID: number;
  readonly size: number;
}

export interface ResourcesDocument {
  readonly devices: readonly DeviceRule[];
  /** Bytes. */
  readonly memory?: { readonly limit: number };
  /** Microseconds of processor time in each period of so many. */
  readonly cpu?: { readonly quota: number; readonly period: number };
  readonly pids?: { readonly limit: number };
}

export interface DeviceRule {
  readonly allow: boolean;
  readonly type?: "c" | "b";
  readonly major?: number;
  readonly minor?: number;
  readonly access: string;
}

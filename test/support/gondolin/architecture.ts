/** One processor, under the names that each of the programs around a guest has for it. */
export interface ArchitectureNames {
  /** The kernel's, Gondolin's, Zig's and QEMU's name. */
  readonly machine: "x86_64" | "aarch64";
  /** Debian's folder of libraries below /lib and /usr/lib. */
  readonly multiarch: string;
  /** Where glibc's dynamic loader is, without a slash in front. */
  readonly loader: string;
  /** The device that QEMU's serial port is in the guest. */
  readonly console: string;
}

export const ARCHITECTURES = {
  amd64: {
    machine: "x86_64",
    multiarch: "x86_64-linux-gnu",
    loader: "lib64/ld-linux-x86-64.so.2",
    console: "ttyS0",
  },
  arm64: {
    machine: "aarch64",
    multiarch: "aarch64-linux-gnu",
    loader: "lib/ld-linux-aarch64.so.1",
    console: "ttyAMA0",
  },
} as const satisfies Readonly<Record<string, ArchitectureNames>>;

/** By the name that OCI images and Debian have for it. */
export type Architecture = keyof typeof ARCHITECTURES;

/** The machines that executables are made for. */

export interface Target {
  /** As `--target` and the names of archives have it. */
  readonly name: string;
  /** Bun's runtime for it, a package of npm's registry. */
  readonly runtime: string;
  /** As `bun build --target` has it. */
  readonly bunTarget: string;
  /** Of Linux: what a root filesystem must have for it to start. */
  readonly linux?: LinuxNeeds;
}

/** What the dynamic loader is asked for (readelf -ld). */
export interface LinuxNeeds {
  readonly libc: "glibc" | "musl";
  /** Of an image that it runs in. */
  readonly architecture: "amd64" | "arm64";
  readonly interpreter: string;
  /** Beside the interpreter, which is the C library itself in musl. */
  readonly libraries: readonly string[];
}

const GLIBC_LIBRARIES = ["libc.so.6", "libpthread.so.0", "libdl.so.2", "libm.so.6"];
/** Which needs libgcc_s.so.1 in turn. */
const MUSL_LIBRARIES = ["libstdc++.so.6"];

/**
 * Each runtime without its "baseline" sibling: of the version that is used, both are the same bytes for each of these
 * machines, and look at the processor when they start.
 */
export const TARGETS: readonly Target[] = [
  {
    ...target("linux-x64", "linux-x64"),
    linux: {
      libc: "glibc",
      architecture: "amd64",
      interpreter: "/lib64/ld-linux-x86-64.so.2",
      libraries: GLIBC_LIBRARIES,
    },
  },
  {
    ...target("linux-arm64", "linux-aarch64"),
    linux: {
      libc: "glibc",
      architecture: "arm64",
      interpreter: "/lib/ld-linux-aarch64.so.1",
      libraries: GLIBC_LIBRARIES,
    },
  },
  {
    ...target("linux-x64-musl", "linux-x64-musl"),
    linux: {
      libc: "musl",
      architecture: "amd64",
      interpreter: "/lib/ld-musl-x86_64.so.1",
      libraries: MUSL_LIBRARIES,
    },
  },
  {
    ...target("linux-arm64-musl", "linux-aarch64-musl"),
    linux: {
      libc: "musl",
      architecture: "arm64",
      interpreter: "/lib/ld-musl-aarch64.so.1",
      libraries: MUSL_LIBRARIES,
    },
  },
  target("darwin-arm64", "darwin-aarch64"),
  target("darwin-x64", "darwin-x64"),
  target("windows-x64", "windows-x64"),
];

function target(name: string, runtime: string): Target {
  return { name, runtime: `@oven/bun-${runtime}`, bunTarget: `bun-${name}` };
}

export function isWindows({ name }: Target): boolean {
  return name.startsWith("windows-");
}

/** What the executable is called. */
export function programOf(target: Target): string {
  return isWindows(target) ? "docker2vm.exe" : "docker2vm";
}

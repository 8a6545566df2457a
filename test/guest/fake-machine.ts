/**
 * A machine for ovms-init without a kernel of its own: namespaces of this machine's, in which it is the first process,
 * with a root in memory. Its reboot(2) ends the namespace, and the signal says how (kernel/pid_namespace.c).
 */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { encodeConfig, type GuestConfig } from "../../src/guest/config.ts";
import { ovmsInit } from "../../src/guest/ovms-init.ts";
import { ENDS_WITHIN_MS, findOracle, type Oracle } from "../support/oracles.ts";

/** What a fake machine needs of this one. */
export const FAKE_MACHINE: readonly Oracle[] = ["busybox", "chroot", "pid namespace"];

const APPLETS = [
  ...[
    "cat",
    "cut",
    "echo",
    "env",
    "grep",
    "hostname",
    "id",
    "ifconfig",
    "kill",
    "ls",
    "mkdir",
    "poweroff",
    "printf",
  ],
  ...["ps", "pwd", "reboot", "route", "seq", "sh", "sleep", "stat", "test", "touch", "true", "umount", "wc"],
];

export const NOTHING: GuestConfig = {
  entrypoint: [],
  cmd: [],
  environment: [],
  workingDirectory: "/",
  user: "",
  stopSignal: 15,
  limits: [],
};

export interface FakeMachine {
  /** In place of nothing; or the file's bytes. */
  readonly config?: Partial<GuestConfig> | Uint8Array | undefined;
  /** The kernel's. */
  readonly commandLine?: string;
  /** By path. */
  readonly files?: Readonly<Record<string, string>>;
  /** For a shell of this machine, before ovms-init runs and in its namespaces; $R is the root. */
  readonly before?: string;
  /** For a shell of this machine when it has ended. */
  readonly after?: string;
  /** The program's arguments, where it is not to be the first process. */
  readonly args?: readonly string[];
}

export interface FakeEnd {
  /** Without the marker; bytes, one character each, like `stderr`. */
  readonly stdout: string;
  readonly stderr: string;
  /** Of the marker, which is the last that is said; undefined without one. */
  readonly status: number | undefined;
  /** 128 and what the first process ended by: 129 is a restart, 130 a power-off. Else the program's status. */
  readonly ended: number;
  /** What the shell of `after` said. */
  readonly after: string;
}

/** What roots are copied from, and what runs programs of another architecture. */
export interface FakeRoot {
  readonly folder: string;
  readonly emulator: string | undefined;
}

/** @param architecture whose ovms-init it is; the workload's programs are this machine's in any case */
export function makeFakeRoot(folder: string, architecture: "amd64" | "arm64"): FakeRoot {
  const root = join(folder, "root");
  for (const name of ["bin", "dev", "etc/ovms", "proc", "sbin", "sys", "tmp", "usr"]) {
    mkdirSync(join(root, name), { recursive: true });
  }
  mkdirSync(join(folder, "mounted"));
  copyFileSync(findOracle("busybox") ?? "", join(root, "bin/busybox"));
  for (const applet of APPLETS) symlinkSync("busybox", join(root, "bin", applet));
  // This machine's own, for an emulator that is linked with them.
  for (const name of ["lib", "lib64"]) symlinkSync(`usr/${name}`, join(root, name));
  put(root, "sbin/ovms-init", ovmsInit(architecture));
  chmodSync(join(root, "sbin/ovms-init"), 0o755);
  const emulator = architecture === HERE ? undefined : findOracle(EMULATORS[architecture]);
  return { folder, emulator };
}

export const HERE = process.arch === "arm64" ? "arm64" : "amd64";

/** Of programs for the other architecture. */
export const EMULATORS = { amd64: "qemu-x86_64", arm64: "qemu-aarch64" } as const;

/** Arguments: the root's place, what it is copied from, "machine" or "program", and the command in it. */
const SCRIPT = `
set -e
export R=$1
template=$2
kind=$3
shift 3
mount --make-rprivate /
mount -t tmpfs -o mode=755 root "$R"
cp -a "$template/root/." "$template/own/." "$R"
[ -z "$EMULATED" ] || mount --bind /usr "$R/usr"
mount -t tmpfs -o mode=755 dev "$R/dev"
mknod -m 666 "$R/dev/null" c 1 3
mount -t tmpfs sys "$R/sys"
cp "$template/command-line" "$R/dev/command-line"
status=0
rm -f "$template/stdout" "$template/stderr"
( exec unshare --pid --fork --kill-child sh -ec '
  kind=$1
  shift
  # Not the one outside, lest a mistake give that away.
  exec <"$R/dev/null"
  mount -t proc proc "$R/proc"
  mount --bind "$R/dev/command-line" "$R/proc/cmdline"
  eval "$BEFORE"
  [ "$kind" = program ] || exec chroot "$R" "$@"
  chroot "$R" "$@"
' sh "$kind" "$@" >>"$template/stdout" 2>>"$template/stderr" ) || status=$?
exec >"$template/after"
echo "$status"
cd "$R"
eval "$AFTER"
`;

/** Boots it, or calls the program with `args`, and waits for the end. */
export function runFake(root: FakeRoot, machine: FakeMachine): FakeEnd {
  const { config = {}, commandLine = "console=ttyS0", files = {}, before = "", after = "", args } = machine;
  const bytes = config instanceof Uint8Array ? config : encodeConfig({ ...NOTHING, ...config });
  rmSync(join(root.folder, "own"), { recursive: true, force: true });
  put(root.folder, "own/etc/ovms/config", bytes);
  put(root.folder, "command-line", Buffer.from(`${commandLine}\n`, "latin1"));
  for (const [path, text] of Object.entries(files))
    put(root.folder, `own${path}`, Buffer.from(text, "latin1"));
  const { emulator } = root;
  const program = [...(emulator === undefined ? [] : [emulator]), "/sbin/ovms-init", ...(args ?? [])];
  const kind = args === undefined ? "machine" : "program";
  const { error } = spawnSync(
    "unshare",
    [
      ...["--mount", "--net", "--uts", "--ipc", "--pid", "--fork", "--kill-child", "sh", "-c", SCRIPT, "sh"],
      ...[join(root.folder, "mounted"), root.folder, kind, ...program],
    ],
    {
      stdio: "ignore",
      timeout: ENDS_WITHIN_MS,
      killSignal: "SIGKILL",
      env: { ...process.env, BEFORE: before, AFTER: after, EMULATED: emulator ?? "" },
    },
  );
  if (error) throw error;
  const [stdout = "", stderr = "", said = ""] = ["stdout", "stderr", "after"].map((name) =>
    readFileSync(join(root.folder, name), "latin1"),
  );
  const [ended = ""] = said.split("\n", 1);
  const marker = /\novms-exit: (\d+)\n$/.exec(stdout);
  return {
    stdout: marker === null ? stdout : stdout.slice(0, marker.index),
    stderr,
    status: marker === null ? undefined : Number(marker[1]),
    ended: Number(ended),
    after: said.slice(ended.length + 1),
  };
}

function put(folder: string, path: string, bytes: Uint8Array): void {
  mkdirSync(join(folder, path, ".."), { recursive: true });
  writeFileSync(join(folder, path), bytes);
}

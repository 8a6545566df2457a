/** Guests booted by the real Gondolin, and commands run in them. */
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { withTemporaryFolder } from "../temporary.ts";
import { ARCHITECTURES, type Architecture } from "./architecture.ts";
import { gondolin } from "./install.ts";

/** A program with its arguments, or a text for `/bin/sh -lc`. */
export type Command = string | readonly string[];

/** What a guest can be asked for: a command, also with an environment, or a file by Gondolin's vm.fs. */
export type GuestCommand =
  | Command
  | { readonly exec: Command; readonly env: Readonly<Record<string, string>> }
  | { readonly writeFile: string; readonly contents: string }
  | { readonly readFile: string };

export interface GuestOptions {
  /** A bundle's folder, a reference in the image store, or the three files. */
  readonly image: string | Readonly<{ kernelPath: string; initrdPath: string; rootfsPath: string }>;
  /** What the guest is for; amd64 unless given. */
  readonly architecture?: Architecture | undefined;
  /** A raw image in place of the bundle's root filesystem. It is written to. */
  readonly rootDisk?: string | undefined;
  /** Gondolin's rootfs.mode; without it what the manifest or Gondolin says. */
  readonly rootfsMode?: "cow" | "memory" | "readonly" | undefined;
  readonly commands: readonly GuestCommand[];
  /** GONDOLIN_IMAGE_STORE and the like. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** What comes on the console, as it comes. */
  readonly onConsole?: ((text: string) => void) | undefined;
  /** For all of it; 600 s unless given. */
  readonly timeoutMs?: number | undefined;
}

/** Of a file that is read, stdout is the contents. */
export interface GuestResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** What guest-script.ts is told. */
export interface GuestRequest {
  readonly packageDir: string;
  /** Gondolin's `sandbox` options. */
  readonly sandbox: Readonly<Record<string, unknown>>;
  readonly rootfsMode?: GuestOptions["rootfsMode"];
  readonly commands: GuestOptions["commands"];
  readonly timeoutMs: number;
}

export interface GuestRun {
  /** One for each command. */
  readonly results: readonly GuestResult[];
  /** What the kernel and the guest's inits said. */
  readonly console: string;
}

/** Boots a guest and runs the commands one after the other; throws with its console where it does not come up. */
export async function execInGuest(options: GuestOptions): Promise<readonly GuestResult[]> {
  return (await runGuest(options)).results;
}

/** As execInGuest, for commands that have names. */
export async function askGuest<Name extends string>(
  options: Omit<GuestOptions, "commands">,
  commands: Readonly<Record<Name, GuestCommand>>,
): Promise<Readonly<Record<Name, GuestResult>>> {
  const names = Object.keys(commands);
  const results = await execInGuest({ ...options, commands: Object.values<GuestCommand>(commands) });
  return Object.fromEntries(names.map((name, i) => [name, results[i]])) as Record<Name, GuestResult>;
}

/** As execInGuest, with the console. */
export function runGuest(options: GuestOptions): Promise<GuestRun> {
  return withTemporaryFolder(async (folder) => {
    const { ending, stdout, stderr } = await runScript(options, folder);
    if (ending !== 0) throw new Error(`the guest ended with ${ending} after saying:\n${stderr}`);
    return { results: JSON.parse(stdout), console: stderr };
  });
}

interface ScriptOutcome {
  /** The exit status, or what else ended it. */
  readonly ending: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

async function runScript(options: GuestOptions, folder: string): Promise<ScriptOutcome> {
  const { node, packageDir } = gondolin();
  const { image, architecture = "amd64", rootDisk, rootfsMode, commands, timeoutMs = 600_000 } = options;
  const request: GuestRequest = {
    packageDir,
    sandbox: {
      imagePath: image,
      // Pointer authentication by the real algorithm is most of what emulating an arm64 costs.
      cpu: architecture === "arm64" ? "max,pauth-impdef=on" : "max",
      // As Gondolin has it, but for the guest's architecture: it looks at the host's for the console.
      // A kernel that panics ends the guest at once.
      append: `console=${ARCHITECTURES[architecture].console} initramfs_async=1 panic=-1`,
      ...(rootDisk === undefined ? {} : { rootDiskPath: rootDisk, rootDiskFormat: "raw" }),
    },
    ...(rootfsMode === undefined ? {} : { rootfsMode }),
    commands,
    timeoutMs,
  };
  // Overlays, sockets, and the list of running guests: nothing of them outlives the run.
  mkdirSync(join(folder, "cache"));
  const env = { ...process.env, TMPDIR: folder, XDG_CACHE_HOME: join(folder, "cache"), ...options.env };
  const script = join(import.meta.dir, "guest-script.ts");
  const child = spawn(node, [script, JSON.stringify(request)], { env, stdio: ["ignore", "pipe", "pipe"] });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGTERM");
  }, timeoutMs);
  const said = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8").on("data", (text: string) => {
      said[stream] += text;
    });
  }
  child.stderr.on("data", (text: string) => options.onConsole?.(text));
  const status = await new Promise<number | string>((resolve, reject) => {
    child.on("error", reject).on("close", (code, signal) => resolve(code ?? signal ?? "no status"));
  });
  clearTimeout(timer);
  return { ending: late ? `no result in ${timeoutMs} ms` : status, ...said };
}

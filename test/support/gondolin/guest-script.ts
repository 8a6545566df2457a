/**
 * Run by the Node that Gondolin asks for: boots a guest by Gondolin's own API and runs commands in it. Takes a
 * GuestRequest in JSON as its only argument, prints the results in JSON, and on stderr what the guest says on its
 * console.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Command, GuestCommand, GuestRequest, GuestResult } from "./run-guest.ts";

interface VirtualMachine {
  readonly fs: {
    readFile(path: string, options: { readonly encoding: "utf8" }): Promise<string>;
    writeFile(path: string, contents: string): Promise<void>;
  };
  exec(command: Command, options?: { readonly env: Readonly<Record<string, string>> }): Promise<GuestResult>;
  close(): Promise<void>;
}

interface Gondolin {
  readonly VM: { create(options: Readonly<Record<string, unknown>>): Promise<VirtualMachine> };
}

const request: GuestRequest = JSON.parse(process.argv[2] ?? "");

// Gondolin ends its QEMU when its process exits, but not when a signal ends that.
process.on("SIGTERM", () => process.exit(1));

const { VM }: Gondolin = await import(pathToFileURL(join(request.packageDir, "dist/src/index.js")).href);
const machine = await VM.create({
  // One processor: emulating two that wait for each other takes longer.
  cpus: 1,
  sandbox: { accel: "tcg", debug: ["protocol"], ...request.sandbox },
  ...(request.rootfsMode === undefined ? {} : { rootfs: { mode: request.rootfsMode } }),
  startTimeoutMs: request.timeoutMs,
  debugLog: (component: string, message: string) => {
    if (component === "qemu") process.stderr.write(`${message.replace(/^stdout: /, "").trimEnd()}\n`);
  },
});
const results: GuestResult[] = [];
try {
  for (const command of request.commands) {
    const { stdout, stderr, exitCode } = await perform(command);
    results.push({ stdout, stderr, exitCode });
  }
} finally {
  await machine.close();
}
process.stdout.write(JSON.stringify(results));

async function perform(command: GuestCommand): Promise<GuestResult> {
  if (typeof command === "string" || isProgram(command)) return await machine.exec(command);
  if ("exec" in command) return await machine.exec(command.exec, { env: command.env });
  if ("readFile" in command) return done(await machine.fs.readFile(command.readFile, { encoding: "utf8" }));
  await machine.fs.writeFile(command.writeFile, command.contents);
  return done("");
}

function isProgram(command: GuestCommand): command is readonly string[] {
  return Array.isArray(command);
}

function done(stdout: string): GuestResult {
  return { stdout, stderr: "", exitCode: 0 };
}

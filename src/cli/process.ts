import { isatty } from "node:tty";
import type { Engine } from "./host.ts";
import { listenForInterrupts } from "./interrupts.ts";
import { run } from "./run.ts";

/** The command as a process runs it: this process's streams and environment, its signals, its exit code. */
export async function runProcess(args: readonly string[]): Promise<void> {
  ignoreClosedPipe(process.stdout);
  ignoreClosedPipe(process.stderr);
  const interrupts = listenForInterrupts(process);
  let stdin: NodeJS.ReadStream | undefined;
  try {
    process.exitCode = await run(args, {
      env: process.env,
      openStdin: () => {
        stdin = process.stdin;
        return stdin;
      },
      stdinIsTerminal: isatty(0),
      stdout: process.stdout,
      writeStdout,
      stderr: process.stderr,
      signal: interrupts.signal,
      engine: ENGINE,
    });
  } finally {
    interrupts.dispose();
    // A pipe nobody reads any more must not keep the process alive.
    stdin?.destroy();
  }
}

/** Waits where the reader is slower. False once it has gone away: ignoreClosedPipe, below. */
async function writeStdout(bytes: Uint8Array): Promise<boolean> {
  const { stdout } = process;
  // Bun neither destroys nor closes what has failed.
  if (!stdout.writable) return false;
  if (stdout.write(bytes)) return true;
  await new Promise<void>((resolve) => {
    const events = ["drain", "close", "error"] as const;
    const goOn = (): void => {
      for (const event of events) stdout.off(event, goOn);
      resolve();
    };
    for (const event of events) stdout.on(event, goOn);
  });
  return stdout.writable;
}

/** Loaded when a conversion is really wanted: `--help` and a mistyped option answer at once. */
const ENGINE: Engine = {
  convert: async (options) => (await import("../convert/convert.ts")).convert(options),
  planConversion: async (options) => (await import("../convert/dry-run.ts")).planConversion(options),
};

/** `docker2vm … | head` closes the pipe early: that is the reader's good right and no error. */
function ignoreClosedPipe(stream: NodeJS.WriteStream): void {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

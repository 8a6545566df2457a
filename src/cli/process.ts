import { isLayerThread } from "../convert/workers/thread-module.ts";
import { Pipe } from "../source/pipe.ts";
import { forgetEnvFiles } from "./env-files.ts";
import type { Engine } from "./host.ts";
import { listenForInterrupts } from "./interrupts.ts";
import { run } from "./run.ts";
import { isTerminal, messageOutput, StandardOutput, unreadFile } from "./standard-streams.ts";

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;

/** The command as a process runs it: this process's streams and environment, its signals, its exit code. */
export async function runProcess(args: readonly string[]): Promise<void> {
  if (await isLayerThread()) return;
  forgetEnvFiles();
  const interrupts = listenForInterrupts(process);
  let stdin: NodeJS.ReadStream | undefined;
  const openStdin = (): NodeJS.ReadStream => {
    stdin = process.stdin;
    return stdin;
  };
  const pipe = Pipe.of(STDIN);
  try {
    process.exitCode = await run(args, {
      env: process.env,
      openStdin,
      lendStdin: pipe === undefined ? undefined : () => pipe.chunks(openStdin),
      get stdinFile() {
        return unreadFile(STDIN);
      },
      stdinIsTerminal: isTerminal(STDIN),
      rawTerminal: isTerminal(STDIN) ? rawTerminal : undefined,
      stdout: new StandardOutput(STDOUT, () => process.stdout),
      stderr: messageOutput(STDERR, () => process.stderr),
      signal: interrupts.signal,
      engine: ENGINE,
    });
  } finally {
    interrupts.dispose();
    // A pipe nobody reads any more must not keep the process alive.
    stdin?.destroy();
    if (pipe?.isWaiting === true) process.stderr.write("", () => process.exit());
  }
}

function rawTerminal(): () => void {
  process.stdin.setRawMode(true);
  return () => process.stdin.setRawMode(false);
}

/** Loaded when a conversion is really wanted: `--help` and a mistyped option answer at once. */
const ENGINE: Engine = {
  convert: async (options) => (await import("../convert/convert.ts")).convert(options),
  planConversion: async (options) => (await import("../convert/dry-run.ts")).planConversion(options),
};

import manifest from "../../package.json" with { type: "json" };
import { Docker2vmError, EXIT } from "../errors.ts";
import { type CommandLine, flag } from "./arguments.ts";
import { paintFor } from "./colour.ts";
import { argumentsOf, checkCommandLine, splitCommandLine } from "./command-line.ts";
import { commandNamed } from "./commands.ts";
import { type Deadline, startDeadline } from "./deadline.ts";
import { asDocker2vmError, errorJson, errorText } from "./error-report.ts";
import type { Host } from "./host.ts";

/** Runs a command line to its end and returns the exit code. Does not throw: errors are told on `stderr`. */
export async function run(given: readonly string[], host: Host): Promise<number> {
  const args = argumentsOf(given);
  const line = await splitCommandLine(args);
  let deadline: Deadline | undefined;
  try {
    if (flag(line, "version")) {
      await host.stdout.write(`${manifest.version}\n`);
    } else if (flag(line, "help")) {
      const { helpText } = await import("./help.ts");
      await host.stdout.write(await helpText(line.words[0]));
    } else {
      const command = checkCommandLine(line, args);
      const runCommand = await command.load();
      deadline = startDeadline(line, host.signal);
      const code = await runCommand(line, { ...host, signal: deadline.signal });
      if (typeof code === "number") return code;
    }
    return EXIT.ok;
  } catch (thrown) {
    // Whatever an abort made fail on its way out, the reason is the interruption.
    const details = flag(line, "verbose");
    const { signal } = deadline ?? host;
    const reason = signal.aborted ? interruption(line, signal.reason) : thrown;
    const error = asDocker2vmError(reason, details);
    const json =
      flag(line, "json") || ["format", "progress"].some((name) => line.values.get(name) === "json");
    host.stderr.write(
      json ? errorJson(error, details) : errorText(error, details, paintFor(host.stderr, host.env)),
    );
    return commandNamed(line.words[0])?.failsWith ?? error.exitCode;
  } finally {
    deadline?.dispose();
  }
}

/** Why the command was stopped, and what that leaves. */
function interruption(line: CommandLine, reason: unknown): unknown {
  const left = commandNamed(line.words[0])?.whenStopped?.(line);
  if (left === undefined || !(reason instanceof Docker2vmError)) return reason;
  return new Docker2vmError(reason.code, `${reason.message}: ${left}`, {
    hint: reason.hint,
    cause: reason,
  });
}

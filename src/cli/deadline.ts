import { Docker2vmError } from "../errors.ts";
import { type CommandLine, stringOption } from "./arguments.ts";
import { parseDuration } from "./duration.ts";

/** What timers take: 2^31 - 1 ms. */
const LONGEST = 2 ** 31 - 1;
const HINT = "give a number with s, m, h or d, from 1s to 24d, such as 30m";

export interface Deadline {
  /** Fires when the given one does, and with E_LIMIT when the time is over. */
  readonly signal: AbortSignal;
  /** Time does not count any more. */
  dispose(): void;
}

/** The time that --timeout leaves a command, from now on. Throws E_USAGE for what is no such time. */
export function startDeadline(line: CommandLine, signal: AbortSignal): Deadline {
  const text = stringOption(line, "timeout");
  if (text === undefined) return { signal, dispose: () => undefined };
  const milliseconds = parseDuration(text, "--timeout", "a time");
  if (milliseconds < 1 || milliseconds > LONGEST) {
    throw new Docker2vmError("E_USAGE", `--timeout ${JSON.stringify(text)} is not possible`, { hint: HINT });
  }
  const over = new AbortController();
  const timer = setTimeout(() => {
    const hint = "raise --timeout if it is meant to take that long";
    over.abort(new Docker2vmError("E_LIMIT", `stopped after ${text}`, { hint }));
  }, milliseconds);
  return { signal: AbortSignal.any([signal, over.signal]), dispose: () => clearTimeout(timer) };
}

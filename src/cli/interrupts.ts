import { Docker2vmError, EXIT } from "../errors.ts";

export interface Interrupts {
  /** Aborts at the first signal, with the error the command is to end with. */
  readonly signal: AbortSignal;
  /** Stops listening. */
  dispose(): void;
}

/** What is needed of `process`. */
export interface SignalSource {
  on(name: SignalName, listener: () => void): unknown;
  off(name: SignalName, listener: () => void): unknown;
  exit(code: number): void;
}

export type SignalName = "SIGINT" | "SIGTERM" | "SIGHUP";

const CODES = { SIGINT: "E_INTERRUPTED", SIGTERM: "E_TERMINATED", SIGHUP: "E_TERMINATED" } as const;
const NAMES: readonly SignalName[] = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * The first Ctrl-C, SIGTERM or hang-up aborts the conversion, which then takes away what it has written; a second
 * one ends the process at once, for whoever does not want to wait for that.
 */
export function listenForInterrupts(source: SignalSource): Interrupts {
  const controller = new AbortController();
  const listeners = NAMES.map((name) => {
    const listener = (): void => {
      if (controller.signal.aborted) source.exit(name === "SIGINT" ? EXIT.interrupted : EXIT.terminated);
      controller.abort(new Docker2vmError(CODES[name], `stopped by ${name}`));
    };
    source.on(name, listener);
    return { name, listener };
  });
  return {
    signal: controller.signal,
    dispose: () => {
      for (const { name, listener } of listeners) source.off(name, listener);
    },
  };
}

import type { ConvertResult } from "../convert/convert.ts";
import type { ConversionPlan } from "../convert/dry-run.ts";
import type { ConvertOptions } from "../convert/options.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** A stream that is written to; the last three as terminals have them. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** The part of the library the command drives, loaded when it is called. */
export interface Engine {
  convert(options: ConvertOptions): Promise<ConvertResult>;
  planConversion(options: ConvertOptions): Promise<ConversionPlan>;
}

/** What the command has around it. */
export interface Host {
  readonly env: Environment;
  readonly openStdin: () => AsyncIterable<Uint8Array>;
  readonly stdinIsTerminal: boolean;
  readonly stdout: Output;
  /** Bytes to the same place; resolves when more may come, with false if nobody reads there any more. */
  readonly writeStdout: (bytes: Uint8Array) => Promise<boolean>;
  readonly stderr: Output;
  readonly signal: AbortSignal;
  readonly engine: Engine;
}

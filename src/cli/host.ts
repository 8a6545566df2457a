import type { ConvertResult } from "../convert/convert.ts";
import type { ConversionPlan } from "../convert/dry-run.ts";
import type { ConvertOptions } from "../convert/options.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** A stream that is written to; the last three as terminals have them. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

/** What results are written to. */
export interface ResultOutput {
  readonly isTTY?: boolean;
  /**
   * Resolves when more may come, with false once nobody reads there any more. Throws E_NO_SPACE or E_IO where the
   * result cannot be written.
   */
  write(data: string | Uint8Array): Promise<boolean>;
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
  /** The same, where it comes faster in chunks that are good only until the next is asked for. */
  readonly lendStdin?: (() => AsyncIterable<Uint8Array>) | undefined;
  /** Path of the file that standard input is, where it is one of which nothing was read yet. */
  readonly stdinFile?: string | undefined;
  readonly stdinIsTerminal: boolean;
  /** Has a terminal hand over every key as it is pressed, and returns what undoes that; absent: it is no terminal. */
  readonly rawTerminal?: (() => () => void) | undefined;
  readonly stdout: ResultOutput;
  readonly stderr: Output;
  readonly signal: AbortSignal;
  readonly engine: Engine;
}

/**
 * What does the work behind one of node:zlib's streams, in Node and Bun alike. No public interface has it, so whoever uses
 * it must do without where it is missing.
 */
export interface ZlibHandle {
  onerror: (message: string, errno: number, code: string) => void;
  close(): void;
}

/** How such a handle is asked for a step: from the input as far as it goes, or as the output has room. */
export type ZlibStep = (
  flush: number,
  input: Uint8Array,
  inputOffset: number,
  inputLength: number,
  output: Uint8Array,
  outputOffset: number,
  outputLength: number,
) => void;

/** Z_NO_FLUSH of zlib.h, and ZSTD_e_continue of zstd.h. */
export const CONTINUE = 0;
/** Z_FINISH of zlib.h. */
export const FINISH = 4;
export const NO_INPUT = new Uint8Array(0);

/** Whether it has what a kind of handle is used by. */
export function isHandle<Handle extends ZlibHandle>(
  value: unknown,
  methods: readonly (keyof Handle)[],
): value is Handle {
  if (typeof value !== "object" || value === null) return false;
  return methods.every((name) => typeof Reflect.get(value, name) === "function");
}

/** Counts what each step uses. */
export abstract class SteppedCodec {
  /** Bytes taken and bytes given by the last step. */
  read = 0;
  written = 0;
  /** Bytes of output and of input that the last step left. */
  readonly #state: Uint32Array;

  protected constructor(state: Uint32Array) {
    this.#state = state;
  }

  /** To be called behind a step that was given so many bytes, and room for so many. */
  protected count(given: number, room: number): void {
    const [roomLeft = 0, inputLeft = 0] = this.#state;
    this.read = given - inputLeft;
    this.written = room - roomLeft;
  }
}

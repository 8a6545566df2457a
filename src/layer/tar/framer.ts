import { extract } from "tar-stream";
import { Docker2vmError } from "../../errors.ts";

/** The contents of file after file out of what the gate let through: tar-stream, driven by hand. */
export class ContentsFramer {
  readonly #extract = extract();
  #pieces: Uint8Array[] = [];
  #taken = 0;
  #release: (() => void) | undefined;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  constructor() {
    const onData = (bytes: unknown): void => {
      this.#pieces.push(bytes as Uint8Array);
      this.#wake?.();
    };
    this.#extract.on("entry", (_header, stream, next) => {
      this.#release = next;
      stream.on("error", ignore);
      stream.on("data", onData);
    });
    this.#extract.on("error", (error) => {
      this.#failure = error;
      this.#wake?.();
    });
  }

  /** Takes what the gate let through. It is queued: the caller goes on only when it has read what it got. */
  write(part: Uint8Array): void {
    this.#extract.write(part);
  }

  /** The next bytes of the file in hand, as far as they have come. */
  take(): Uint8Array | undefined {
    const piece = this.#pieces[this.#taken];
    if (piece === undefined) return undefined;
    this.#taken++;
    if (this.#taken === this.#pieces.length) {
      this.#pieces.length = 0;
      this.#taken = 0;
    }
    return piece;
  }

  /** Resolves when there is something to take; only to be asked when bytes have been written and not taken. */
  async arrival(): Promise<void> {
    if (this.#pieces.length === 0 && this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    if (this.#failure === undefined) return;
    throw new Docker2vmError("E_INTERNAL", "internal error: tar-stream stumbled over a header made for it", {
      cause: this.#failure,
    });
  }

  /** Lets the next file come. */
  next(): void {
    const release = this.#release;
    this.#release = undefined;
    release?.();
  }

  destroy(): void {
    this.#extract.destroy();
  }
}

function ignore(): void {}

import { type FromWorker, received, type ToWorker } from "./protocol.ts";
import { RingReader } from "./ring.ts";

interface Setting {
  readonly id: number;
  /** Open for as long as `pieces` runs. */
  readonly fd: number;
  readonly name: string;
  readonly ring: SharedArrayBuffer;
  readonly thread: { post(message: ToWorker): void };
}

/** The file of a kept layer that a thread reads and checks, seen from the conversion's. */
export class RemotePieces {
  /** What it costs the thread is little beside inflating. */
  readonly left = 0;
  readonly #setting: Setting;
  readonly #ring: RingReader;
  #isOver = false;
  #failure: { readonly error: unknown } | undefined;
  #wake: () => void = () => undefined;

  constructor(setting: Setting) {
    this.#setting = setting;
    this.#ring = new RingReader(setting.ring);
  }

  /** The pieces in order, each good until the next. Throws what the thread found, and E_INTERNAL where it is gone. */
  async *pieces(): AsyncGenerator<Buffer> {
    const { id, fd, name, ring, thread } = this.#setting;
    if (!this.#isOver) thread.post({ type: "pieces", id, fd, name, pieces: ring });
    try {
      for (let piece = await this.#ring.next(); piece !== undefined; piece = await this.#ring.next()) {
        yield Buffer.from(piece.buffer, piece.byteOffset, piece.length);
      }
      await this.#over();
      if (this.#failure !== undefined) throw this.#failure.error;
    } finally {
      thread.post({ type: "drop", id });
      // The file's number may soon be that of another one.
      await this.#over();
    }
  }

  hear(message: FromWorker): void {
    if (message.type === "failed" && message.error !== undefined) {
      this.#failure ??= { error: received(message.error) };
    }
    this.#end();
  }

  /** Ends it at once. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#ring.close();
    this.#end();
  }

  #end(): void {
    this.#isOver = true;
    this.#wake();
  }

  async #over(): Promise<void> {
    if (this.#isOver) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }
}

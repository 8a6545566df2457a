import type { Docker2vmError } from "../../errors.ts";
import type { BatchMemory, Packer, Packing } from "../../filesystem/kind/packing.ts";
import { type FromWorker, received } from "./protocol.ts";
import { Thread } from "./thread.ts";

/** Threads that contents are compressed in. */
export class PackPool implements Packer {
  readonly #threads: PackThread[];

  /** @param module what a thread runs: worker.ts, or what comes to that */
  constructor(count: number, packing: Packing, module: URL) {
    this.#threads = Array.from({ length: count }, () => new PackThread(packing, module));
  }

  memory(bytes: number): BatchMemory {
    return new SharedArrayBuffer(bytes);
  }

  /** Rejects with E_INTERNAL, too, where the thread is gone. */
  pack(memory: BatchMemory): Promise<void> {
    const thread = this.#threads.reduce((least, other) => (other.batches < least.batches ? other : least));
    return thread.pack(memory);
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }
}

interface Waiting {
  resolve(): void;
  reject(error: unknown): void;
}

class PackThread {
  readonly #packing: Packing;
  readonly #thread: Thread;
  readonly #waiting = new Map<number, Waiting>();
  #ids = 0;

  constructor(packing: Packing, module: URL) {
    this.#packing = packing;
    this.#thread = new Thread(
      module,
      (message) => this.#hear(message),
      (reason) => this.#ended(reason),
    );
  }

  /** Batches that it has not done yet. */
  get batches(): number {
    return this.#waiting.size;
  }

  pack(memory: BatchMemory): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#thread.end !== undefined) return reject(this.#thread.end);
      const id = this.#ids++;
      this.#waiting.set(id, { resolve, reject });
      this.#thread.post({ type: "pack", id, packing: this.#packing, memory });
    });
  }

  async close(): Promise<void> {
    await this.#thread.close();
  }

  #hear(message: FromWorker): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.type === "failed" && message.error !== undefined) waiting?.reject(received(message.error));
    else waiting?.resolve();
  }

  #ended(reason: Docker2vmError): void {
    for (const { reject } of this.#waiting.values()) reject(reason);
    this.#waiting.clear();
  }
}

/** The thread that layers are hashed and inflated in: see pool.ts for the other side. */
import { type MessagePort, parentPort } from "node:worker_threads";
import { Docker2vmError } from "../../errors.ts";
import { readLayer } from "../../layer/layer-stream.ts";
import { type FromWorker, received, sendable, type ToWorker } from "./protocol.ts";
import { transferable } from "./transfer.ts";

/** Chunks of the tar that are under way to their reader, or waiting there. */
const WINDOW = 4;

/** One layer's dealings with the conversion's thread. */
class Desk {
  readonly #id: number;
  readonly #port: MessagePort;
  readonly stop = new AbortController();
  /** Why the reader of the tar gave up. */
  rejection: Error | undefined;
  #stored: { resolve(bytes: Uint8Array | undefined): void; reject(error: unknown): void } | undefined;
  #unused = 0;
  #wake: () => void = () => undefined;

  constructor(id: number, port: MessagePort) {
    this.#id = id;
    this.#port = port;
  }

  post(message: FromWorker, transfer: ArrayBuffer[] = []): void {
    this.#port.postMessage(message, transfer);
  }

  /** The stored bytes; the next chunk is on its way while one is used. */
  async *stored(): AsyncGenerator<Uint8Array> {
    let next = this.#read();
    for (let bytes = await next; bytes !== undefined; bytes = await next) {
      next = this.#read();
      // Its failure counts when it is asked for, not when nobody listens yet.
      next.catch(() => undefined);
      yield bytes;
    }
  }

  /** Gives the tar to its reader; resolves when that one has used all of it. Throws why it gave up. */
  async give(tar: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of tar) {
      await this.#unusedAtMost(WINDOW - 1);
      const [bytes, transfer] = transferable(chunk);
      this.#unused++;
      this.post({ type: "tar", id: this.#id, bytes }, transfer);
    }
    this.#unused++;
    this.post({ type: "tar", id: this.#id, bytes: undefined });
    await this.#unusedAtMost(0);
  }

  hear(message: Exclude<ToWorker, { type: "start" | "exit" }>): void {
    switch (message.type) {
      case "stored":
        this.#stored?.resolve(message.bytes);
        break;
      case "unreadable":
        this.#stored?.reject(received(message.error));
        break;
      case "used":
        this.#unused--;
        this.#wake();
        break;
      case "rejected":
        this.rejection = received(message.error);
        this.#wake();
        break;
      case "stop":
        this.rejection = new Docker2vmError("E_INTERRUPTED", "the conversion was stopped");
        this.stop.abort(this.rejection);
        this.#wake();
    }
  }

  async #unusedAtMost(count: number): Promise<void> {
    while (this.#unused > count && this.rejection === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.rejection !== undefined) throw this.rejection;
  }

  #read(): Promise<Uint8Array | undefined> {
    return new Promise((resolve, reject) => {
      this.#stored = { resolve, reject };
      this.post({ type: "read", id: this.#id });
    });
  }
}

/** Takes jobs until it is told to go. */
function serve(port: MessagePort): void {
  const desks = new Map<number, Desk>();

  const start = async ({ id, blob, inflate }: Extract<ToWorker, { type: "start" }>): Promise<void> => {
    const desk = new Desk(id, port);
    desks.set(id, desk);
    const options = {
      inflate,
      signal: desk.stop.signal,
      onWarning: (message: string): void => desk.post({ type: "warning", id, message }),
    };
    try {
      await readLayer({ ...blob, open: () => desk.stored() }, options, (tar) => desk.give(tar));
      desk.post({ type: "done", id });
    } catch (error) {
      // The reader knows its own reason better than any copy of it.
      desk.post({ type: "failed", id, error: error === desk.rejection ? undefined : sendable(error) });
    }
    desks.delete(id);
  };

  port.on("message", (message: ToWorker) => {
    if (message.type === "start") void start(message);
    else if (message.type === "exit") port.close();
    else desks.get(message.id)?.hear(message);
  });
}

if (parentPort !== null) serve(parentPort);

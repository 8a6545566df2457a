/** The thread that layers are brought in by: see pool.ts for the other side. */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { Docker2vmError } from "../../errors.ts";
import { EntryBatch } from "../../layer/entry-batch.ts";
import { layerName } from "../../layer/layer-stream.ts";
import type { Run } from "../../output/blocks.ts";
import { ImageFile } from "../../output/image-file.ts";
import { runLayer } from "../layer-job.ts";
import { type FromWorker, received, sendable, type ToWorker, type WorkerSetup } from "./protocol.ts";

interface Waiting<Value> {
  resolve(value: Value): void;
  reject(error: unknown): void;
}

/** One layer's questions to the conversion's thread, and who waits for the answers. */
class Desk {
  readonly #id: number;
  readonly #post: (message: FromWorker) => void;
  readonly stop = new AbortController();
  #refusal: Error | undefined;
  #chunk: Waiting<Uint8Array | undefined> | undefined;
  #arena: Waiting<readonly Run[]> | undefined;
  #delivery: Waiting<void> | undefined;
  #undelivered = 0;

  constructor(id: number, post: (message: FromWorker) => void) {
    this.#id = id;
    this.#post = post;
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

  nextArena(): Promise<readonly Run[]> {
    return this.#ask({ type: "take", id: this.#id }, (waiting) => {
      this.#arena = waiting;
    });
  }

  sendEntries(batch: string): void {
    if (this.#refusal !== undefined) throw this.#refusal;
    this.#undelivered++;
    this.#post({ type: "entries", id: this.#id, batch });
  }

  async delivered(): Promise<void> {
    if (this.#refusal !== undefined) throw this.#refusal;
    if (this.#undelivered === 0) return;
    await new Promise<void>((resolve, reject) => {
      this.#delivery = { resolve, reject };
    });
  }

  answer(message: Exclude<ToWorker, { type: "start" | "exit" }>): void {
    switch (message.type) {
      case "chunk":
        this.#chunk?.resolve(message.bytes);
        break;
      case "arena":
        this.#arena?.resolve(message.runs);
        break;
      case "delivered":
        if (--this.#undelivered === 0) this.#delivery?.resolve();
        break;
      case "refused":
        if (message.question === "read") this.#chunk?.reject(received(message.error));
        else this.#refuse(received(message.error));
        break;
      case "stop":
        this.stop.abort(new Docker2vmError("E_INTERRUPTED", "the conversion was stopped"));
        this.#refuse(this.stop.signal.reason);
    }
  }

  /** The stored bytes go on: they may yet show that the blob is to blame. */
  #refuse(error: Error): void {
    this.#refusal = error;
    this.#arena?.reject(error);
    this.#delivery?.reject(error);
  }

  #read(): Promise<Uint8Array | undefined> {
    return this.#ask({ type: "read", id: this.#id }, (waiting) => {
      this.#chunk = waiting;
    });
  }

  #ask<Value>(question: FromWorker, keep: (waiting: Waiting<Value>) => void): Promise<Value> {
    return new Promise((resolve, reject) => {
      keep({ resolve, reject });
      this.#post(question);
    });
  }
}

/** Takes jobs until it is told to go. */
function serve(port: MessagePort, { imagePath }: WorkerSetup): void {
  const desks = new Map<number, Desk>();
  const image = ImageFile.share(imagePath);
  const post = (message: FromWorker): void => port.postMessage(message);

  const start = async ({ id, blob, inflate }: Extract<ToWorker, { type: "start" }>): Promise<void> => {
    const desk = new Desk(id, post);
    desks.set(id, desk);
    const batch = new EntryBatch(layerName(blob), (text) => desk.sendEntries(text));
    try {
      const written = await runLayer({
        blob: { ...blob, open: () => desk.stored() },
        inflate,
        target: batch,
        sink: image,
        nextArena: () => desk.nextArena(),
        delivered: () => {
          batch.flush();
          return desk.delivered();
        },
        signal: desk.stop.signal,
        onWarning: (message) => post({ type: "warning", id, message }),
      });
      post({ type: "done", id, written });
    } catch (error) {
      post({ type: "failed", id, error: sendable(error) });
    }
    desks.delete(id);
  };

  port.on("message", (message: ToWorker) => {
    if (message.type === "start") void start(message);
    else if (message.type === "exit") {
      image.close();
      port.close();
    } else desks.get(message.id)?.answer(message);
  });
}

if (parentPort !== null) serve(parentPort, workerData as WorkerSetup);

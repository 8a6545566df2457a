import type { MessagePort } from "node:worker_threads";
import { DiffIdCheck } from "../../layer/layer-stream.ts";
import { type FromWorker, sendable, type TarChunk, type ToHasher } from "./protocol.ts";
import { transferable } from "./transfer.ts";

type Post = (message: FromWorker, transfer?: ArrayBuffer[]) => void;

/** Hashes a layer's tar on its way from where it is inflated to where it is read. */
export class HashJob {
  readonly #id: number;
  readonly #check: DiffIdCheck;
  readonly #inflater: MessagePort;
  readonly #post: Post;

  constructor({ id, blob, inflater }: Extract<ToHasher, { type: "hash" }>, post: Post) {
    this.#id = id;
    this.#check = new DiffIdCheck(blob);
    this.#inflater = inflater;
    this.#post = post;
    inflater.on("message", (chunk: TarChunk) => this.#take(chunk));
  }

  close(): void {
    this.#inflater.close();
  }

  #take({ bytes, isChecked }: TarChunk): void {
    const id = this.#id;
    try {
      if (bytes === undefined) {
        if (!isChecked) this.#check.finish();
        this.#post({ type: "tar", id, bytes });
        return;
      }
      if (!isChecked) this.#check.update(bytes);
      const [sent, transfer] = transferable(bytes);
      this.#post({ type: "tar", id, bytes: sent }, transfer);
    } catch (error) {
      this.#post({ type: "failed", id, error: sendable(error) });
    }
  }
}

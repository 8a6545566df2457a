import { DiffIdCheck } from "../../layer/layer-stream.ts";
import { type FromWorker, sendable, type ToHasher } from "./protocol.ts";
import { RingReader } from "./ring.ts";

type Post = (message: FromWorker) => void;

/** Hashes a layer's tar that another thread inflates, beside the one that reads it. */
export class HashJob {
  readonly #id: number;
  readonly #check: DiffIdCheck;
  readonly #tar: RingReader;
  readonly #post: Post;

  constructor({ id, blob, tar }: ToHasher, post: Post) {
    this.#id = id;
    this.#check = new DiffIdCheck(blob);
    this.#tar = new RingReader(tar, 1);
    this.#post = post;
  }

  /** Never fails: what goes wrong is told to the conversion's thread. */
  async run(): Promise<void> {
    const id = this.#id;
    try {
      for (let chunk = await this.#tar.next(); chunk !== undefined; chunk = await this.#tar.next()) {
        this.#check.update(chunk);
      }
      // Of a tar that is not whole there is nothing to say.
      if (!this.#tar.isComplete) return;
      this.#check.finish();
      this.#post({ type: "hashed", id });
    } catch (error) {
      this.#post({ type: "failed", id, error: sendable(error) });
    }
  }

  close(): void {
    this.#tar.close();
  }
}

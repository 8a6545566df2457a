import { createHash } from "node:crypto";
import type { BlockSink } from "../blocks/blocks.ts";

const READ_BYTES = 1 << 20;

/** Where an image is while it is made: a file, or what somebody else has for it. */
export interface ImageStore extends BlockSink {
  /** Undefined where it is no file. */
  readonly path: string | undefined;
  /** Bytes from the image's start to its end. */
  readonly apparentBytes: number;
  /** Reads into `bytes` from byte `position` on and returns how many there were; fewer only at the end. */
  read(position: number, bytes: Uint8Array): Promise<number>;
  /** Has it reach at least so far, if that makes anything faster. */
  reach(length: number): void;
  /** Sets its length in bytes: what lay beyond reads as zeros from now on. */
  truncate(length: number): void;
  /** Has everything where it is to stay. */
  sync(): Promise<void>;
  /** Gives back what it holds; more than once is fine. */
  close(): void;
}

/** sha256 of the whole image, hex. Throws the signal's reason. */
export async function sha256Of(store: ImageStore, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  for (let position = 0; ; ) {
    signal?.throwIfAborted();
    const length = await store.read(position, buffer);
    if (length === 0) return hash.digest("hex");
    hash.update(buffer.subarray(0, length));
    position += length;
  }
}

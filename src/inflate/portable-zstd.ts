import { Decompress } from "fzstd";
import { checked } from "./bad-compression.ts";
import { ZstdFrames } from "./zstd-frames.ts";

interface FramePart {
  readonly bytes: Uint8Array;
  readonly endsFrame: boolean;
}

/**
 * zstd by fzstd. It is handed single frames, block by block: so it never meets a skippable frame, cannot lose its place
 * between frames, and holds one block's contents at a time. It does not check the frames' checksums (a layer's
 * diff_id covers them, as the digests of what is in an archive do). Damage is thrown as `damaged` says it.
 */
export async function* unzstdPortable(
  stored: AsyncIterable<Uint8Array>,
  damaged: (cause: unknown) => Error,
): AsyncGenerator<Uint8Array> {
  const frames = new ZstdFrames();
  const inflater = new FrameInflater();
  for await (const chunk of stored) {
    const parts: FramePart[] = [];
    checked(damaged, () => frames.push(chunk, (bytes, endsFrame) => parts.push({ bytes, endsFrame })));
    for (const part of parts) {
      checked(damaged, () => inflater.push(part));
      yield* inflater.take();
    }
  }
  checked(damaged, () => frames.finish());
}

/** One fzstd for each frame. */
class FrameInflater {
  #frame: Decompress | undefined;
  #output: Uint8Array[] = [];

  push({ bytes, endsFrame }: FramePart): void {
    this.#frame ??= new Decompress((inflated) => {
      if (inflated.length > 0) this.#output.push(inflated);
    });
    // A copy: fzstd keeps what it cannot use yet.
    this.#frame.push(bytes.slice(), endsFrame);
    if (endsFrame) this.#frame = undefined;
  }

  take(): Uint8Array[] {
    const output = this.#output;
    this.#output = [];
    return output;
  }
}

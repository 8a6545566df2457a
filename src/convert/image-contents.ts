import { BLOCK_SIZE, type Extent, LONGEST_ROW_BLOCKS, type Run } from "../blocks/blocks.ts";
import type { WrittenBlocks } from "../blocks/content-space.ts";
import type { FilePlace } from "../blocks/space.ts";
import { assert } from "../errors.ts";
import type { FileWriter } from "../filesystem/kind/file-writer.ts";
import type { PreparedFilesystem } from "../filesystem/kind/kind.ts";
import type { BlockSupply } from "../output/block-supply.ts";
import type { ImageStore } from "../output/image-store.ts";
import { immediateSink } from "../output/stages.ts";
import type { ContentStore } from "../profile/profile.ts";
import type { RegularFile } from "../tree/inode.ts";

type FilesystemContents = Pick<PreparedFilesystem, "fileWriter" | "restOf" | "unpack">;

/** The contents of the image: those that the layers brought, and those that are added to them. */
export class ImageContents implements WrittenBlocks, ContentStore {
  readonly #image: ImageStore;
  readonly #supply: BlockSupply;
  readonly #filesystem: FilesystemContents;
  readonly #written: Run[] = [];

  constructor(image: ImageStore, supply: BlockSupply, filesystem: FilesystemContents) {
    this.#image = image;
    this.#supply = supply;
    this.#filesystem = filesystem;
  }

  get end(): number {
    return this.#supply.end;
  }

  get written(): readonly Run[] {
    return this.#written;
  }

  addWritten(runs: readonly Run[]): void {
    for (const run of runs) this.#written.push(run);
  }

  /** Comes after the layers: while they stream, their arenas are handed out in their own order. */
  place(size: number, pieces: Iterable<Uint8Array>): readonly Extent[] {
    this.#writer ??= this.#filesystem.fileWriter(
      immediateSink((position, bytes) => this.#image.write(position, bytes)),
    );
    const writer = this.#writer;
    const addArena = (): void => this.#addArena(writer);
    writer.begin({ size, stored: size });
    for (const piece of pieces) {
      for (let at = writer.write(piece); at < piece.length; at += writer.write(piece.subarray(at))) {
        addArena();
      }
    }
    let place: FilePlace | undefined;
    for (place = writer.end(); place === undefined; place = writer.end()) addArena();
    return place.extents;
  }
  #writer: FileWriter | undefined;

  #addArena(writer: FileWriter): void {
    const { wanted } = writer;
    writer.addArena(this.#supply.take(Math.max(LONGEST_ROW_BLOCKS, wanted), wanted));
  }

  async read(file: RegularFile): Promise<Uint8Array> {
    const { clusters = [] } = file.packed ?? {};
    const bytes = new Uint8Array(file.size);
    if (clusters.length > 0) {
      const blocks = clusters.reduce((sum, { stored }) => sum + stored, 0);
      const stored = new Uint8Array(blocks * BLOCK_SIZE);
      await this.#readExtents(file, stored);
      assert(this.#filesystem.unpack !== undefined, "what has compressed cannot read it");
      this.#filesystem.unpack(clusters, stored, bytes);
      return bytes;
    }
    await this.#readExtents(file, bytes);
    const rest = this.#filesystem.restOf?.(file);
    if (rest !== undefined) await this.#image.read(rest.position, bytes.subarray(file.size - rest.length));
    return bytes;
  }

  async #readExtents(file: RegularFile, bytes: Uint8Array): Promise<void> {
    for (const { logical, physical, length } of file.extents) {
      const start = logical * BLOCK_SIZE;
      await this.#image.read(
        physical * BLOCK_SIZE,
        bytes.subarray(start, Math.min(start + length * BLOCK_SIZE, bytes.length)),
      );
    }
  }

  /** Has what was added in the image. */
  flush(): void {
    if (this.#writer === undefined) return;
    while (!this.#writer.flush()) this.#addArena(this.#writer);
    this.addWritten(this.#writer.written);
    this.#writer = undefined;
  }
}

import { Contents, type ContentsSource, NO_CONTENTS } from "./contents.ts";
import type { Piece, TarEntry } from "./entry.ts";
import { ContentsFramer } from "./framer.ts";
import { type TarContext, TarGate } from "./gate.ts";
import type { Member } from "./member.ts";

export type { Piece, TarEntry, TarEntryType } from "./entry.ts";

/**
 * The entries of a tar in their order. Reads the chunks to their end, also past the archive's. Throws E_BAD_LAYER
 * for an archive that is broken or cut short; what stands before the fault has come by then. Whatever the
 * chunks throw goes through.
 */
export async function* tarEntries(
  chunks: AsyncIterable<Uint8Array>,
  context: TarContext,
): AsyncGenerator<TarEntry> {
  const archive = new Archive(chunks, context);
  try {
    for (let member = await archive.next(); member !== undefined; member = await archive.next()) {
      if (member.stored === 0) {
        yield entryOf(member, NO_CONTENTS);
        continue;
      }
      const contents = new Contents(member, archive);
      yield entryOf(member, contents);
      await contents.close();
    }
  } finally {
    await archive.close();
  }
}

function entryOf(member: Member, data: AsyncIterable<Piece>): TarEntry {
  const { path, type, linkname, size, metadata, major, minor } = member;
  return { path, type, linkname, size, metadata, major, minor, data };
}

/** Gate and framer with the chunks they are fed from, one chunk at a time: none is read before the last is used. */
class Archive implements ContentsSource {
  readonly framer = new ContentsFramer();
  readonly #gate: TarGate;
  readonly #chunks: AsyncIterator<Uint8Array>;
  #members: Member[] = [];
  #given = 0;
  #last: Member | undefined;
  #ended = false;

  constructor(chunks: AsyncIterable<Uint8Array>, context: TarContext) {
    this.#chunks = chunks[Symbol.asyncIterator]();
    this.#gate = new TarGate(context);
  }

  /** The next entry, or undefined when the archive is through. Throws what is wrong with it. */
  async next(): Promise<Member | undefined> {
    while (this.#given === this.#members.length) {
      if (this.#gate.failure !== undefined) throw this.#gate.failure;
      if (this.#ended) return undefined;
      await this.#read();
    }
    return this.#members[this.#given++];
  }

  supplied(member: Member): number {
    return member === this.#last ? member.stored - this.#gate.missing : member.stored;
  }

  async feed(): Promise<void> {
    if (!this.#ended) await this.#read();
    if (this.#ended && this.#gate.failure !== undefined) throw this.#gate.failure;
  }

  async close(): Promise<void> {
    this.framer.destroy();
    await this.#chunks.return?.();
  }

  async #read(): Promise<void> {
    const next = await this.#chunks.next();
    if (next.done === true) {
      this.#ended = true;
      this.#gate.finish();
    } else {
      this.#gate.push(next.value);
    }
    for (const part of this.#gate.takeParts()) this.framer.write(part);
    const members = this.#gate.takeMembers();
    if (members.length === 0) return;
    this.#members = this.#members.slice(this.#given).concat(members);
    this.#given = 0;
    this.#last = this.#members.at(-1);
  }
}

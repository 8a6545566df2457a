import type { EntryPart } from "../../tree/entry.ts";

/** How far the parts of a layer have come. */
export class PartCount {
  entries = 0;
  /** Of the contents of the last entry. */
  bytes = 0;

  add(part: EntryPart): void {
    if (part.kind === "contents") this.bytes += part.bytes.length;
    else {
      this.entries++;
      this.bytes = 0;
    }
  }
}

/** The parts behind so many, however those and these are cut. */
export async function* partsBehind(
  parts: AsyncIterable<readonly EntryPart[]>,
  had: Readonly<Pick<PartCount, "entries" | "bytes">>,
): AsyncGenerator<readonly EntryPart[]> {
  const passed = new PartCount();
  for await (const list of parts) {
    const left: EntryPart[] = [];
    for (const part of list) {
      const before = passed.bytes;
      passed.add(part);
      if (passed.entries < had.entries) continue;
      if (passed.entries > had.entries) left.push(part);
      else if (part.kind === "contents" && passed.bytes > had.bytes) {
        const skipped = Math.max(had.bytes - before, 0);
        left.push({ ...part, offset: part.offset + skipped, bytes: part.bytes.subarray(skipped) });
      }
    }
    yield left;
  }
}

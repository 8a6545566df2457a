/** Where chunks come from, each good until the next. */
type Source = Pick<AsyncIterator<Uint8Array>, "next">;

/** What comes of a source, its beginning looked at. */
export interface Peeked {
  readonly head: Uint8Array;
  /** All chunks. It has no `return`, which would wait for what is being read: whoever has the source closes it. */
  readonly whole: AsyncIterable<Uint8Array>;
}

/** The first `length` bytes, or as many as there are, and all chunks with them. */
export async function peek(source: Source, length: number): Promise<Peeked> {
  const first: Uint8Array[] = [];
  let had = 0;
  while (had < length) {
    const next = await source.next();
    if (next.done === true) break;
    // Copied, if it is not enough: the source may use its memory again.
    first.push(next.value.length < length ? next.value.slice() : next.value);
    had += next.value.length;
  }
  const [only] = first;
  const head = first.length === 1 && only !== undefined ? only : Buffer.concat(first);
  return { head: head.subarray(0, length), whole: following(head, source) };
}

function following(head: Uint8Array, source: Source): AsyncIterable<Uint8Array> {
  let isFirst = head.length > 0;
  const next = (): Promise<IteratorResult<Uint8Array>> => {
    if (!isFirst) return source.next();
    isFirst = false;
    return Promise.resolve({ done: false, value: head });
  };
  return { [Symbol.asyncIterator]: () => ({ next }) };
}

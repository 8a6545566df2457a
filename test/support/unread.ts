/** Standard input that must not be read. */
export function unread(): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]: () => {
      throw new Error("standard input was read");
    },
  };
}

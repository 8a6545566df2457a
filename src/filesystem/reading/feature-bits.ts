/** Features as bits of a superblock. */

/** Names of the bits that are on, by a table of theirs; one without a name as "incompat 0x800", by `word`. */
export function namesOf(
  bits: number,
  table: Readonly<Record<string, number>>,
  word: string,
): readonly string[] {
  const byBit = new Map(Object.entries(table).map(([name, bit]) => [bit, name]));
  const names: string[] = [];
  for (let position = 0; position < 32; position++) {
    const bit = 2 ** position;
    if ((bits & bit) !== 0) names.push(byBit.get(bit) ?? `${word} 0x${bit.toString(16)}`);
  }
  return names;
}

/** What is to be said of bits without which contents cannot be understood, and are not; undefined if there are none. */
export function refusalOf(
  incompat: number,
  table: Readonly<Record<string, number>>,
  notUnderstood: ReadonlySet<string>,
): string | undefined {
  const unknown = namesOf(incompat, table, "incompat").filter(
    (name) => notUnderstood.has(name) || !Object.hasOwn(table, name),
  );
  if (unknown.length === 0) return undefined;
  const features = unknown.length === 1 ? "the feature" : "the features";
  return `the filesystem has ${features} ${unknown.join(", ")}, which this program cannot read`;
}

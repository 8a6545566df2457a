/** A document of which nothing is certain: what is not as it should be is nothing here, the shapes report it. */

export type Fields = Readonly<Record<string, unknown>>;

/** The field of an object. */
export function fieldOf(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

export function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

/** The items of a list with their places. */
export function itemsOf(value: unknown): readonly (readonly [at: number, item: unknown])[] {
  return Array.isArray(value) ? [...value.entries()] : [];
}

/** The strings of a list with their places. */
export function textsOf(value: unknown): readonly (readonly [at: number, text: string])[] {
  return itemsOf(value).flatMap(([at, item]) => (typeof item === "string" ? [[at, item] as const] : []));
}

/** The fields of an object. */
export function entriesOf(value: unknown): readonly (readonly [name: string, value: unknown])[] {
  return isObject(value) ? Object.entries(value) : [];
}

export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The places of what has come before, by what makes it the same. */
export function repeated<Item>(
  items: readonly (readonly [at: number, item: Item])[],
  keyOf: (item: Item) => unknown,
): readonly (readonly [at: number, item: Item])[] {
  const seen = new Set<unknown>();
  return items.filter(([, item]) => {
    const key = keyOf(item);
    if (key === undefined) return false;
    const again = seen.has(key);
    seen.add(key);
    return again;
  });
}

import type { Steps } from "../waiting/steps.ts";

interface Named {
  readonly name: string;
}

/** As many as are sorted or merged without a pause. */
const PART = 2 ** 12;

/** In byte order of their names, those of one name as they came. A million at once would take seconds. */
export function* sortedByName<T extends Named>(items: readonly T[]): Steps<readonly T[]> {
  let parts: (readonly T[])[] = [];
  for (let at = 0; at < items.length; at += PART) {
    parts.push(items.slice(at, at + PART).sort(byName));
    yield;
  }
  while (parts.length > 1) {
    const merged: (readonly T[])[] = [];
    for (let i = 0; i < parts.length; i += 2) {
      merged.push(yield* mergedByName(parts[i] ?? [], parts[i + 1] ?? []));
    }
    parts = merged;
  }
  return parts[0] ?? [];
}

function byName(a: Named, b: Named): number {
  if (a.name === b.name) return 0;
  return a.name < b.name ? -1 : 1;
}

function* mergedByName<T extends Named>(first: readonly T[], second: readonly T[]): Steps<readonly T[]> {
  const merged: T[] = [];
  let other = 0;
  for (const item of first) {
    for (let next = second[other]; next !== undefined && next.name < item.name; next = second[++other]) {
      merged.push(next);
      if (merged.length % PART === 0) yield;
    }
    merged.push(item);
    if (merged.length % PART === 0) yield;
  }
  for (; other < second.length; other++) {
    const next = second[other];
    if (next !== undefined) merged.push(next);
  }
  return merged;
}

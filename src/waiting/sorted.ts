/** Sorting with pauses: a million names at once would take seconds. */
import type { Steps } from "./steps.ts";

interface Named {
  readonly name: string;
}

/** As many as are sorted or merged without a pause. */
const PART = 2 ** 12;

/** In byte order. */
export function sortedNames(names: Iterable<string>): Steps<readonly string[]> {
  return sortedInParts(
    Array.isArray(names) ? names : [...names],
    (part) => part.sort(),
    (a, b) => a < b,
  );
}

/** In byte order of their names, those of one name as they came. */
export function sortedByName<T extends Named>(items: readonly T[]): Steps<readonly T[]> {
  return sortedInParts(
    items,
    (part) => part.sort((a, b) => (a.name === b.name ? 0 : a.name < b.name ? -1 : 1)),
    (a, b) => a.name < b.name,
  );
}

/** Ascending by a number of theirs, those of one number as they came. */
export function sortedByNumber<T>(items: readonly T[], numberOf: (item: T) => number): Steps<readonly T[]> {
  return sortedInParts(
    items,
    (part) => part.sort((a, b) => numberOf(a) - numberOf(b)),
    (a, b) => numberOf(a) < numberOf(b),
  );
}

/** `sort` sorts in place, and must not change the order of what is the same. */
function* sortedInParts<T>(
  items: readonly T[],
  sort: (part: T[]) => readonly T[],
  isBefore: (a: T, b: T) => boolean,
): Steps<readonly T[]> {
  let parts: (readonly T[])[] = [];
  for (let at = 0; at < items.length; at += PART) {
    parts.push(sort(items.slice(at, at + PART)));
    yield;
  }
  while (parts.length > 1) {
    const merged: (readonly T[])[] = [];
    for (let i = 0; i < parts.length; i += 2) {
      merged.push(yield* mergedParts(parts[i] ?? [], parts[i + 1] ?? [], isBefore));
    }
    parts = merged;
  }
  return parts[0] ?? [];
}

function* mergedParts<T>(
  first: readonly T[],
  second: readonly T[],
  isBefore: (a: T, b: T) => boolean,
): Steps<readonly T[]> {
  const merged: T[] = [];
  let other = 0;
  for (const item of first) {
    for (let next = second[other]; next !== undefined && isBefore(next, item); next = second[++other]) {
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

/** The smallest size at which everything fits. */
import type { Steps } from "../../waiting/steps.ts";

/** Tries a size in blocks: the result, or undefined if something does not fit. */
export type Attempt<Result> = (blocks: number) => Steps<Result | undefined>;

/** The result at the smallest size from `least` to `most`: strides that double, then halving what the last one left. */
export function* leastFrom<Result>(
  least: number,
  most: number,
  attempt: Attempt<Result>,
): Steps<Result | undefined> {
  let failed = least - 1;
  let size = least;
  let result = yield* attempt(size);
  for (let step = 1; result === undefined; step *= 2) {
    if (size === most) return undefined;
    failed = size;
    size = Math.min(size + step, most);
    result = yield* attempt(size);
  }
  while (size - failed > 1) {
    const middle = Math.floor((failed + size) / 2);
    const smaller = yield* attempt(middle);
    if (smaller === undefined) failed = middle;
    else {
      size = middle;
      result = smaller;
    }
  }
  return result;
}

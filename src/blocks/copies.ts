/** Moves as they are carried out: what lies in a row is read at once, wherever its parts go. */
import type { Run } from "./blocks.ts";
import type { Move } from "./relocation.ts";

/** Blocks from `from` on, read in one go, and the runs that they go to, one after another. */
export interface Copy {
  readonly from: number;
  readonly length: number;
  readonly targets: readonly Run[];
}

/** The moves, which ascend by `from`, in copies of up to `longest` blocks. */
export function* copiesOf(moves: Iterable<Move>, longest: number): Generator<Copy> {
  let from = 0;
  let length = 0;
  let targets: { start: number; length: number }[] = [];
  for (const move of moves) {
    for (let done = 0; done < move.length; ) {
      if (length > 0 && (move.from + done !== from + length || length === longest)) {
        yield { from, length, targets };
        [length, targets] = [0, []];
      }
      if (length === 0) from = move.from + done;
      const part = Math.min(move.length - done, longest - length);
      const last = targets.at(-1);
      if (last !== undefined && last.start + last.length === move.to + done) last.length += part;
      else targets.push({ start: move.to + done, length: part });
      length += part;
      done += part;
    }
  }
  if (length > 0) yield { from, length, targets };
}

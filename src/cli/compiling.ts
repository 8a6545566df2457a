import type { ProgressEvent } from "../convert/progress.ts";
import { isLittle } from "../convert/stored-bytes.ts";

/** What of Bun is needed here; Node has nothing like it. */
interface Compiling {
  readonly Bun?: { readonly unsafe?: { setJITPolicy?(scale: number): void } };
}

/** How many times as often as else something must have run to be compiled: with more this thread is slower. */
const RELUCTANCE = 6;
const ORDINARY = 1;

/**
 * Has Bun compile less of what has hardly run yet, if a conversion tells that it has found a small image: that is made
 * before most of it has come to any use, and a quarter of all work for it is that of compilers. It is for the whole
 * process, so not for a library to decide.
 */
export function compileFor(event: ProgressEvent): void {
  if (event.type !== "resolved" || event.layers.length === 0) return;
  if (isLittle(event.layers)) compileAfter(RELUCTANCE);
}

/** As Bun does by itself, whatever was before. */
export function compileReadily(): void {
  compileAfter(ORDINARY);
}

function compileAfter(scale: number): void {
  (globalThis as Compiling).Bun?.unsafe?.setJITPolicy?.(scale);
}

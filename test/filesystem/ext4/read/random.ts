/** Numbers below a bound that follow from a seed alone. */
export function randomNumbers(seed: number): (bound: number) => number {
  let state = seed >>> 0;
  return (bound) => {
    // The constants of Numerical Recipes; the upper bits, which are the better ones, decide.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

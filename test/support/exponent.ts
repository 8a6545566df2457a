/**
 * How the cost of something grows: the exponent e of cost = c * n^e, by least squares of log cost over log n. Cost is
 * CPU time of the whole process, for others share the machine; and noise only ever adds to it, so of several runs the
 * cheapest counts.
 */

export interface Growth<Input> {
  readonly sizes: readonly number[];
  /** Looked at where `sizes` say too much: a cache outgrown or a first collection weighs little over a wide range. */
  readonly wider?: readonly number[];
  /** What is measured is not charged for making it. */
  make(size: number): Input;
  run(input: Input): unknown;
}

const RUNS = 4;
const ATTEMPTS = 3;

/** The exponent; measured again while it is above `enough`, up to three times, and then over the wider range. */
export async function exponentOf<Input>(growth: Growth<Input>, enough: number): Promise<number> {
  const { sizes, wider } = growth;
  const exponent = await leastExponent({ growth, sizes, attempts: ATTEMPTS, enough });
  if (exponent <= enough || wider === undefined) return exponent;
  return await leastExponent({ growth, sizes: wider, attempts: 1, enough });
}

async function leastExponent<Input>(ask: {
  readonly growth: Growth<Input>;
  readonly sizes: readonly number[];
  readonly attempts: number;
  readonly enough: number;
}): Promise<number> {
  const inputs = ask.sizes.map((size) => ({
    size,
    input: ask.growth.make(size),
    cost: Number.POSITIVE_INFINITY,
  }));
  let exponent = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < ask.attempts && exponent > ask.enough; attempt++) {
    for (let run = 0; run < RUNS; run++) {
      for (const point of inputs)
        point.cost = Math.min(point.cost, await cost(() => ask.growth.run(point.input)));
    }
    exponent = slope(inputs.map(({ size, cost }) => [Math.log(size), Math.log(cost)]));
  }
  return exponent;
}

/** Microseconds of CPU time, without those for collecting what earlier runs left. */
async function cost(work: () => unknown): Promise<number> {
  Bun.gc(true);
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

function slope(points: readonly (readonly [number, number])[]): number {
  const mean = (of: 0 | 1) => points.reduce((sum, point) => sum + point[of], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const covariance = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  return covariance / points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
}

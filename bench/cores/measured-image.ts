/** Costs of steps, out of what was measured of some images. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Costs, LayerShape } from "./costs.ts";
import { sumOf } from "./costs.ts";
import { type LayerCosts, measureLayers, measureWriting } from "./measure-costs.ts";
import { type WholeRun, wholeRun } from "./whole-run.ts";

export interface MeasuredImage {
  readonly name: string;
  readonly layout: string;
}

/** An image as it was converted: by one thread on one core, and by two threads beside the conversion's. */
export interface ConvertedImage {
  readonly name: string;
  readonly layers: readonly LayerShape[];
  readonly alone: WholeRun;
  readonly threaded: WholeRun;
}

export interface MeasuredCosts {
  readonly costs: Costs;
  readonly images: readonly ConvertedImage[];
}

export async function measureImages(
  images: readonly MeasuredImage[],
  folder: string,
  rounds: number,
): Promise<MeasuredCosts> {
  const layers: LayerCosts[][][] = images.map(() => []);
  const alone: WholeRun[][] = images.map(() => []);
  const threaded: WholeRun[][] = images.map(() => []);
  const writing: number[] = [];
  const out = join(folder, "out");
  const run = (layout: string, threads: number, core?: number): WholeRun => {
    const whole = wholeRun(layout, threads, out, core);
    rmSync(out, { recursive: true, force: true });
    return whole;
  };
  for (let round = 0; round < rounds; round++) {
    for (const [at, { layout }] of images.entries()) {
      layers[at]?.push(await measureLayers(layout));
      alone[at]?.push(run(layout, 0, 0));
      threaded[at]?.push(run(layout, 2));
    }
    writing.push(await measureWriting(folder));
  }
  const least = layers.map((of) => leastOf(of));
  const converted = images.map(({ name }, at) => ({
    name,
    layers: (least[at] ?? []).map(({ layer }) => layer),
    alone: quickest(alone[at] ?? []),
    threaded: quickest(threaded[at] ?? []),
  }));
  return { costs: costsOf(least.flat(), converted, Math.min(...writing)), images: converted };
}

function quickest(runs: readonly WholeRun[]): WholeRun {
  const [first] = [...runs].sort((a, b) => a.cpu - b.cpu);
  if (first === undefined) throw new Error("nothing was measured");
  return { ...first, wall: Math.min(...runs.map(({ wall }) => wall)) };
}

/** Of each layer and each step the least: what else a machine does only ever adds. */
function leastOf(rounds: readonly (readonly LayerCosts[])[]): LayerCosts[] {
  const [first = []] = rounds;
  return first.map((one, at) => {
    const all = rounds.map((round) => round[at] ?? one);
    const least = (of: (costs: LayerCosts) => number): number => Math.min(...all.map(of));
    return {
      layer: one.layer,
      readAndHash: least((of) => of.readAndHash),
      inflate: least((of) => of.inflate),
      hash: least((of) => of.hash),
      place: least((of) => of.place),
      overlay: least((of) => of.overlay),
    };
  });
}

function costsOf(layers: readonly LayerCosts[], images: readonly ConvertedImage[], write: number): Costs {
  const total = (of: (costs: LayerCosts) => number): number => layers.reduce((sum, one) => sum + of(one), 0);
  const stored = total(({ layer }) => layer.stored);
  const plain = total(({ layer }) => layer.plain);
  const [inflateStored, inflatePlain] = leastSquares(
    layers.map(({ layer, inflate }) => [layer.stored, layer.plain, inflate]),
  );
  const [placePlain, placeEntry] = leastSquares(
    layers.map(({ layer, place }) => [layer.plain, layer.entries, place]),
  );
  const [finish, finishEntry] = leastSquares(
    images.map(({ layers: of, alone }) => [1, sumOf(of, ({ entries }) => entries), alone.finish]),
  );
  const costs: Costs = {
    storedByte: { readAndHash: total((of) => of.readAndHash) / stored, inflate: inflateStored },
    plainByte: { inflate: inflatePlain, hash: total((of) => of.hash) / plain, place: placePlain, write },
    entry: {
      place: placeEntry,
      overlay: total((of) => of.overlay) / total(({ layer }) => layer.entries),
      finish: finishEntry,
    },
    start: Math.min(...images.map(({ threaded }) => threaded.start)),
    finish,
    runtime: { entry: 0, image: 0 },
  };
  return { ...costs, runtime: runtimeOf(costs, images) };
}

/** What whole conversions take beyond their steps. */
function runtimeOf(costs: Costs, images: readonly ConvertedImage[]): Costs["runtime"] {
  const [image, entry] = leastSquares(
    images.map(({ layers, threaded }) => [
      1,
      sumOf(layers, ({ entries }) => entries),
      threaded.cpu - stepsOf(costs, layers),
    ]),
  );
  return { image, entry };
}

/** All steps of an image, one after the other. */
export function stepsOf(costs: Costs, layers: readonly LayerShape[]): number {
  const { storedByte, plainByte, entry } = costs;
  const ofStored = storedByte.readAndHash + storedByte.inflate;
  const ofPlain = plainByte.inflate + plainByte.hash + plainByte.place + plainByte.write;
  const ofEntry = entry.place + entry.overlay + entry.finish;
  return (
    costs.start +
    costs.finish +
    sumOf(layers, (layer) => layer.stored * ofStored + layer.plain * ofPlain + layer.entries * ofEntry)
  );
}

/**
 * The two numbers, none below zero, that times a and b come nearest to c: least squares of the shares that are wrong, so
 * that small layers count as much as large ones.
 */
function leastSquares(
  points: readonly (readonly [a: number, b: number, c: number])[],
): readonly [number, number] {
  const scaled = points.filter(([, , c]) => c > 0).map(([a, b, c]) => [a / c, b / c] as const);
  const sum = (of: (a: number, b: number) => number): number =>
    scaled.reduce((all, [a, b]) => all + of(a, b), 0);
  const aa = sum((a) => a * a);
  const bb = sum((_, b) => b * b);
  const ab = sum((a, b) => a * b);
  const a1 = sum((a) => a);
  const b1 = sum((_, b) => b);
  const determinant = aa * bb - ab * ab;
  const both = [(a1 * bb - b1 * ab) / determinant, (b1 * aa - a1 * ab) / determinant] as const;
  if (both[0] >= 0 && both[1] >= 0) return both;
  return both[0] < 0 ? [0, b1 / bb] : [a1 / aa, 0];
}

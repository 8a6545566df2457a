/** Whether time grows in proportion: images of several sizes, all else alike, and the exponents of the growth. */
import { join } from "node:path";
import { storedBytes } from "./compare.ts";
import { CONTENDERS, DOCKER2VM } from "./contenders.ts";
import { benchImage, type Shape } from "./make-image.ts";
import { type Measured, measureRounds, medianPeak, readIntoPageCache } from "./measure.ts";
import { growthExponent, median } from "./statistics.ts";
import { formatMiB, formatSeconds, renderTable, type TableStyle } from "./table.ts";

/** Growth that counts as proportional: n · log n looks like a little more than 1. */
const GOAL = 1.1;

/** Next to nothing: what it takes is the start-up. */
const START: Shape = { name: "start", layers: 1, files: 1, medianSize: 100, spread: 0 };
const GIGABYTES = [0.25, 0.5, 1, 2, 4];
const FULL_GIGABYTES = [...GIGABYTES, 10];
const FILES = [62_500, 125_000, 250_000, 500_000, 1_000_000];
const ENTRIES = [12_500, 25_000, 50_000, 100_000, 200_000];

interface Series {
  readonly name: string;
  readonly shapes: readonly Shape[];
  /** What is counted, and how it is printed. */
  size(shape: Shape, layout: string): number;
  show(size: number): string;
  /** What one of them costs, the start-up aside. */
  readonly rateUnit: string;
  rate(size: number, seconds: number): string;
}

const COUNTED = {
  size: (shape: Shape) => shape.files,
  show: (count: number) => count.toLocaleString("en"),
  rateUnit: "µs each",
  rate: (count: number, seconds: number) => ((seconds / count) * 1e6).toFixed(1),
};

function seriesOf(full: boolean): readonly Series[] {
  return [
    {
      name: "bytes",
      shapes: (full ? FULL_GIGABYTES : GIGABYTES).map(bytesShape),
      size: (_, layout) => storedBytes(layout),
      show: (size) => `${(size / 1e6).toFixed(0)} MB stored`,
      rateUnit: "MB/s",
      rate: (size, seconds) => (size / 1e6 / seconds).toFixed(0),
    },
    {
      ...COUNTED,
      name: "files",
      shapes: FILES.map((files) => ({
        name: `files${files}`,
        layers: 2,
        files,
        medianSize: 100,
        spread: 0.5,
      })),
    },
    {
      ...COUNTED,
      name: "one directory",
      shapes: ENTRIES.map(directoryShape),
    },
  ];
}

/** Files of about 1 MB. Compressed lightly: it is quicker to make, and inflating takes much the same. */
function bytesShape(gigabytes: number): Shape {
  const files = 1000 * gigabytes;
  return { name: `bytes${gigabytes}g`, layers: 4, files, medianSize: 1e6, spread: 0.2, gzipLevel: 1 };
}

function directoryShape(files: number): Shape {
  return { name: `directory${files}`, layers: 1, files, medianSize: 100, spread: 0.5, filesPerFolder: files };
}

export interface ScalingRequest {
  readonly rounds: number;
  /** Series whose names contain one of these; all if there is none. */
  readonly only: readonly string[];
  readonly full: boolean;
  readonly root: string;
  readonly cache: string;
}

export interface Growth {
  readonly series: string;
  readonly rateUnit: string;
  readonly exponent: number;
  /** Seconds for an image of next to nothing. */
  readonly startUp: number;
  readonly points: readonly GrowthPoint[];
}

interface GrowthPoint {
  readonly size: number;
  readonly shown: string;
  /** Beyond the start-up, of the fastest round. */
  readonly rate: string;
  /** The exponent between this point and the one before; noise shows here. */
  readonly step: number | undefined;
  readonly seconds: number;
  readonly least: number;
  readonly peakBytes: number | undefined;
}

export async function measureGrowth(request: ScalingRequest): Promise<Growth[]> {
  const wanted = seriesOf(request.full).filter(
    ({ name }) => request.only.length === 0 || request.only.some((part) => name.includes(part)),
  );
  if (wanted.length === 0) throw new Error("--only takes parts of bytes, files, one directory");
  const growths: Growth[] = [];
  for (const series of wanted) growths.push(await measureSeries(series, request));
  return growths;
}

async function measureSeries(series: Series, request: ScalingRequest): Promise<Growth> {
  const shapes = [START, ...series.shapes];
  const layouts: string[] = [];
  for (const shape of shapes) layouts.push(await benchImage(shape, request.cache));
  const script = CONTENDERS.find(({ name }) => name === DOCKER2VM)?.script ?? "";
  const environment = { BUN: process.execPath, ROOT: request.root };
  const measured = await measureRounds(
    layouts.map((layout, index) => ({
      name: shapes[index]?.name ?? "",
      script,
      warm: () => readIntoPageCache(layout),
      environment: { ...environment, LAYOUT: layout },
    })),
    request.rounds,
  );
  const times = measured.map((it, index) => {
    const shape = shapes[index] ?? START;
    return { ...timesOf(it), size: series.size(shape, join(request.cache, shape.name)) };
  });
  const startUp = times[0]?.least ?? 0;
  const images = times.slice(1);
  // Of the fastest rounds: what else a machine does only ever adds.
  const fastest = images.map(({ size, least }) => ({ size, seconds: least }));
  const points = images.map((point, index) => ({
    ...point,
    shown: series.show(point.size),
    rate: series.rate(point.size, point.least - startUp),
    step: index === 0 ? undefined : growthExponent(fastest.slice(index - 1, index + 1), startUp),
  }));
  const exponent = growthExponent(fastest, startUp);
  return { series: series.name, rateUnit: series.rateUnit, exponent, startUp, points };
}

function timesOf({ name, samples, failure }: Measured): Pick<GrowthPoint, "seconds" | "least" | "peakBytes"> {
  if (failure !== undefined) throw new Error(`${name}: ${failure}`);
  const seconds = samples.map((sample) => sample.seconds);
  return {
    seconds: median(seconds),
    least: Math.min(...seconds),
    peakBytes: medianPeak(samples),
  };
}

export function growthReport(growths: readonly Growth[], style: TableStyle): string {
  return growths.map((growth) => oneReport(growth, style)).join("\n\n");
}

function oneReport({ series, rateUnit, exponent, startUp, points }: Growth, style: TableStyle): string {
  const head = [series, "median", "least", rateUnit, "step", "peak"];
  const rows = points.map((point) => [
    point.shown,
    formatSeconds(point.seconds),
    formatSeconds(point.least),
    point.rate,
    point.step?.toFixed(2) ?? "",
    formatMiB(point.peakBytes),
  ]);
  const verdict = exponent <= GOAL ? "within" : "ABOVE";
  const summary = `Growth with ${series}: exponent ${exponent.toFixed(2)}, ${verdict} the goal of ${GOAL}; start-up ${formatSeconds(startUp)}.`;
  return `${summary}\n\n${renderTable(head, rows, style)}`;
}

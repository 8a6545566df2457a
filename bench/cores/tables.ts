import { formatSeconds, renderTable, type TableStyle } from "../table.ts";
import type { Costs } from "./costs.ts";
import type { MeasuredCosts } from "./measured-image.ts";
import { type Plan, simulate } from "./pipeline.ts";
import { type ImageShape, TYPICAL_IMAGES } from "./typical-shapes.ts";

const CORES = [2, 4, 8, 16];
const LANES = 8;

/** As `src/convert/layer-reader.ts` has it: a thread for each core, two for each seat and each layer. */
function now(cores: number, seats: number, layers: number, disk: number): Plan {
  const threads = cores === 1 ? 0 : Math.min(cores, 2 * seats, 2 * layers);
  return { cores, seats, threads, hashers: "as now", lanes: 1, placing: "together", disk };
}

export function costsTable({ costs }: MeasuredCosts, style: TableStyle): string {
  const { storedByte, plainByte, entry } = costs;
  const nano = (seconds: number): string => (seconds * 1e9).toFixed(2);
  const micro = (seconds: number): string => (seconds * 1e6).toFixed(2);
  return renderTable(
    ["a core's time", "ns for a stored byte", "ns for a byte of the tar", "µs for an entry"],
    [
      ["read and hash what is stored", nano(storedByte.readAndHash), "", ""],
      ["inflate", nano(storedByte.inflate), nano(plainByte.inflate), ""],
      ["hash the tar", "", nano(plainByte.hash), ""],
      ["parse, place", "", nano(plainByte.place), micro(entry.place)],
      ["write", "", nano(plainByte.write), ""],
      ["lay over", "", "", micro(entry.overlay)],
      ["plan, encode", "", "", micro(entry.finish)],
      ["compilers, garbage collector", "", "", micro(costs.runtime.entry)],
    ],
    style,
  );
}

/**
 * On a busy machine a clock says nothing. What one thread takes on one core is processor time then as well; of two cores
 * what is looked at is the share of them that is used.
 */
export function validationTable({ costs, images }: MeasuredCosts, style: TableStyle): string {
  const rows = images.map(({ name, layers, alone, threaded }) => {
    const one = simulate(layers, costs, now(1, 2, layers.length, Number.POSITIVE_INFINITY));
    const two = simulate(layers, costs, now(2, 2, layers.length, Number.POSITIVE_INFINITY));
    return [
      name,
      formatSeconds(one.wall),
      formatSeconds(alone.cpu),
      percent(one.wall / alone.cpu),
      formatSeconds(two.wall),
      formatSeconds(threaded.wall),
      formatSeconds(two.cpu),
      formatSeconds(threaded.cpu),
      (two.wall / two.cpu).toFixed(2),
      (threaded.wall / threaded.cpu).toFixed(2),
    ];
  });
  const head = ["image", "1 core", "CPU measured", "", "2 cores", "measured", "CPU", "measured"];
  return renderTable([...head, "wall to CPU", "measured"], rows, style);
}

function percent(ratio: number): string {
  const difference = Math.round((ratio - 1) * 100);
  return `${difference < 0 ? "" : "+"}${difference} %`;
}

/** What is tried, for cores and a number of layers. */
type Way = (cores: number, layers: number, disk: number) => Plan;

const WAYS: readonly (readonly [name: string, Way])[] = [
  ["now", (cores, layers, disk) => now(cores, 2, layers, disk)],
  ["3 seats", (cores, layers, disk) => now(cores, 3, layers, disk)],
  ["4 seats", (cores, layers, disk) => now(cores, 4, layers, disk)],
  ["8 seats", (cores, layers, disk) => now(cores, 8, layers, disk)],
  ["tar hashed apart", hashedApart(2, 1)],
  ["both hashed apart", hashedApart(2, 2)],
  ["4 seats, tar hashed apart", hashedApart(4, 1)],
  ["4 seats, both hashed apart", hashedApart(4, 2)],
  ["placed apart", (...of) => ({ ...now(of[0], 2, of[1], of[2]), placing: "apart" })],
  ["4 seats, all apart", (...of) => ({ ...hashedApart(4, 2)(...of), placing: "apart" })],
  [
    "layers split",
    (cores, layers, disk) => ({ ...now(cores, 2, layers, disk), threads: cores, lanes: LANES }),
  ],
];

/** With as many threads as inflate and hash at a time, but no more than cores. */
function hashedApart(seats: number, hashers: 1 | 2): Way {
  return (cores, layers, disk) => {
    const threads = Math.min(cores, (1 + hashers) * Math.min(seats, layers));
    return { ...now(cores, seats, layers, disk), threads, hashers };
  };
}

/** How many times as fast as two cores are now, for what is tried on more of them. */
export function gainsTable(costs: Costs, disk: number, style: TableStyle): string {
  const base = TYPICAL_IMAGES.map(({ layers }) =>
    formatSeconds(simulate(layers, costs, now(2, 2, layers.length, disk)).wall),
  );
  const rows = CORES.flatMap((cores) =>
    WAYS.filter(([name]) => cores > 2 || name !== "now").map(([name, way]) => {
      const plan: PlanFor = (layers) => way(cores, layers, disk);
      const ratios = TYPICAL_IMAGES.map((image) => ratio(image, costs, disk, plan));
      return [`${cores} cores, ${name}`, ...ratios.map(times), times(mean(ratios))];
    }),
  );
  return renderTable(
    ["", ...TYPICAL_IMAGES.map(({ name }) => name), "mean"],
    [["2 cores, now", ...base, times(1)], ...rows],
    style,
  );
}

type PlanFor = (layers: number) => Plan;

function ratio({ layers }: ImageShape, costs: Costs, disk: number, plan: PlanFor): number {
  const base = simulate(layers, costs, now(2, 2, layers.length, disk)).wall;
  return base / simulate(layers, costs, plan(layers.length)).wall;
}

function times(ratio: number): string {
  return `${ratio.toFixed(2)} x`;
}

/** The geometric one. */
function mean(ratios: readonly number[]): number {
  return Math.exp(ratios.reduce((sum, one) => sum + Math.log(one), 0) / ratios.length);
}

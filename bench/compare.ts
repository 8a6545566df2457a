/** The conversion of one image beside other ways to something that boots, and beside the floor under it. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import {
  CONTENDERS,
  type Contender,
  type ContenderEnvironment,
  DOCKER2VM,
  EXECUTABLE,
  missingPrograms,
  PROGRAM,
} from "./contenders.ts";
import { flattenImage } from "./flatten.ts";
import { type Measured, measureRounds, medianPeak, readIntoPageCache } from "./measure.ts";
import { withNewLayer } from "./new-layer.ts";
import { benchRegistry } from "./registry.ts";
import { median, spread } from "./statistics.ts";
import { formatMiB, formatSeconds, renderTable, type TableStyle } from "./table.ts";

export interface CompareRequest {
  readonly layout: string;
  readonly rounds: number;
  /** Contenders that are called so, or else whose names contain one of these; all if there is none. */
  readonly only: readonly string[];
  /** Whether every image has to be on the disk when its time stops, as docker2vm's and mke2fs's are anyway. */
  readonly synced: boolean;
  readonly root: string;
  readonly cache: string;
}

export interface Comparison {
  readonly layout: string;
  /** Bytes of the layout's blobs. */
  readonly storedBytes: number;
  readonly rounds: number;
  readonly measured: readonly Measured[];
  /** Who did not take part, and the programs wanting. */
  readonly absent: readonly { readonly name: string; readonly missing: readonly string[] }[];
}

export async function compare(request: CompareRequest): Promise<Comparison> {
  const { layout, only, rounds } = request;
  const isNamed = (part: string) => CONTENDERS.some(({ name }) => name === part);
  const wanted = CONTENDERS.filter(
    ({ name }) =>
      only.length === 0 || only.some((part) => name === part || (!isNamed(part) && name.includes(part))),
  );
  if (wanted.length === 0)
    throw new Error(`--only takes parts of ${CONTENDERS.map(({ name }) => name).join(", ")}`);
  const present = wanted.filter((contender) => missingPrograms(contender).length === 0);
  const absent = wanted
    .filter((contender) => !present.includes(contender))
    .map((contender) => ({ name: contender.name, missing: missingPrograms(contender) }));
  const isNeeded = (start: Contender["startsFrom"]) => present.some((it) => it.startsFrom === start);
  const cli = [process.execPath, join(request.root, PROGRAM)];
  const flat = isNeeded("flat") ? flattenImage(layout, cli, request.cache) : undefined;
  const more = isNeeded("more") ? await withNewLayer(layout, `${layout}.more`) : undefined;
  const registry = isNeeded("registry") ? await benchRegistry(layout) : undefined;
  const environment: Omit<ContenderEnvironment, "OUT"> = {
    BUN: process.execPath,
    ROOT: request.root,
    LAYOUT: layout,
    EXECUTABLE: join(request.cache, EXECUTABLE),
    REFERENCE: registry?.reference ?? "",
    MORE: more ?? "",
    FLAT: flat?.folder ?? "",
    FLAT_KIB: `${flat?.kib ?? 0}`,
    FLAT_INODES: `${flat?.inodes ?? 0}`,
  };
  try {
    const readLayout = () => readIntoPageCache(layout);
    const warm = {
      layout: readLayout,
      more: () => readIntoPageCache(more ?? layout),
      registry: registry?.warm ?? readLayout,
      flat: () => readIntoPageCache(flat?.folder ?? layout),
    };
    const runners = present.map(({ name, prepare, script, image, startsFrom }) => ({
      name,
      prepare,
      warm: warm[startsFrom],
      script: image !== undefined && request.synced ? `(${script}\n) && sync "$OUT/${image}"` : script,
      image,
      environment: { ...environment },
    }));
    const measured = await measureRounds(runners, rounds);
    return { layout, storedBytes: storedBytes(layout), rounds, measured, absent };
  } finally {
    registry?.stop();
  }
}

export function storedBytes(layout: string): number {
  const folder = join(layout, "blobs/sha256");
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

const HEAD = ["", "median", "least", "spread", "ratio", "CPU", "peak", "stored", "image"];

/** The table, then what each contender does, who failed and who is not here. */
export function comparisonReport(comparison: Comparison, style: TableStyle): string {
  const { measured, absent, storedBytes: stored } = comparison;
  const finished = measured.filter(({ samples }) => samples.length > 0);
  const own = secondsOf(measured.find(({ name }) => name === DOCKER2VM));
  const rows = finished.map((it) => {
    const seconds = it.samples.map((sample) => sample.seconds);
    const image = median(it.samples.map((sample) => sample.imageBytes));
    return [
      it.name,
      formatSeconds(median(seconds)),
      formatSeconds(Math.min(...seconds)),
      `${Math.round(100 * spread(seconds))} %`,
      own === undefined ? "" : `${(median(seconds) / own).toFixed(2)} x`,
      formatSeconds(median(it.samples.map((sample) => sample.cpuSeconds))),
      formatMiB(medianPeak(it.samples)),
      `${(stored / 1e6 / median(seconds)).toFixed(0)} MB/s`,
      image === 0 ? "" : formatMiB(image),
    ];
  });
  const noteOf = (name: string) => CONTENDERS.find((contender) => contender.name === name)?.note ?? "";
  const notes = [
    ...finished.map(({ name }) => `${name}: ${noteOf(name)}`),
    ...measured.flatMap(({ name, failure }) => (failure === undefined ? [] : [`${name} FAILED: ${failure}`])),
    ...absent.map(({ name, missing }) => `${name}: not measured, no ${missing.join(", ")} here`),
  ];
  return `${renderTable(HEAD, rows, style)}\n\n${notes.map((note) => `- ${note}`).join("\n")}`;
}

/** docker2vm's median, if it ran. */
export function ownSeconds({ measured }: Comparison): number | undefined {
  return secondsOf(measured.find(({ name }) => name === DOCKER2VM));
}

function secondsOf(measured: Measured | undefined): number | undefined {
  if (measured === undefined || measured.samples.length === 0) return undefined;
  return median(measured.samples.map((sample) => sample.seconds));
}

/** Runs of contenders, one at a time, and what they took. */
import {
  createReadStream,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { median } from "./statistics.ts";

/** Between two runs: the last one's pages are on the disk, its processes gone. */
const SETTLE_MILLISECONDS = 300;

export interface Runner {
  readonly name: string;
  /** Another script that runs first, outside of the measured time. */
  readonly prepare?: string | undefined;
  readonly script: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Reads, right before each run, what that will read: a machine may forget within a minute what nobody reads. */
  readonly warm: () => Promise<void>;
  readonly image?: string | undefined;
}

export interface Sample {
  readonly seconds: number;
  /** What all processors spent on it, the kernel's part included: less of it depends on what else a machine does. */
  readonly cpuSeconds: number;
  /** Most memory resident in one process, those of a pipe not added up; undefined where GNU time is not there. */
  readonly peakBytes: number | undefined;
  /** What the image takes on the disk; 0 where none is made. */
  readonly imageBytes: number;
}

export interface Measured {
  readonly name: string;
  readonly samples: readonly Sample[];
  /** Why it runs no more. */
  readonly failure: string | undefined;
}

/**
 * Every runner once in each round, each round beginning with another, so that none always follows the same one. One that
 * fails is left out from then on.
 */
export async function measureRounds(runners: readonly Runner[], rounds: number): Promise<Measured[]> {
  const samples = runners.map((): Sample[] => []);
  const failures = runners.map((): string | undefined => undefined);
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < runners.length; turn++) {
      const index = (round + turn) % runners.length;
      const runner = runners[index];
      if (runner === undefined || failures[index] !== undefined) continue;
      try {
        const taken = await sample(runner);
        samples[index]?.push(taken);
        process.stderr.write(`round ${round + 1}: ${taken.seconds.toFixed(2)} s  ${runner.name}\n`);
      } catch (error) {
        failures[index] = error instanceof Error ? error.message : String(error);
        process.stderr.write(`round ${round + 1}: failed  ${runner.name}\n`);
      }
    }
  }
  return runners.map(({ name }, index) => ({
    name,
    samples: samples[index] ?? [],
    failure: failures[index],
  }));
}

async function sample(runner: Runner): Promise<Sample> {
  const folder = mkdtempSync(join(tmpdir(), "docker2vm-bench-"));
  const out = join(folder, "out");
  const peak = join(folder, "peak");
  mkdirSync(out);
  try {
    const env = { ...process.env, ...runner.environment, OUT: out };
    if (runner.prepare !== undefined) prepare(runner.prepare, env);
    await runner.warm();
    const start = performance.now();
    const child = Bun.spawn([...peakCommand(peak), "sh", "-c", runner.script], {
      env,
      stdout: "ignore",
      stderr: "pipe",
    });
    const messages = new Response(child.stderr).text();
    const status = await child.exited;
    const seconds = (performance.now() - start) / 1000;
    if (status !== 0) throw new Error(`exit ${status}: ${(await messages).trim().slice(-2000)}`);
    return {
      seconds,
      // Of the shell and of whoever it has waited for.
      cpuSeconds: Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1e6,
      peakBytes: gnuTime === null ? undefined : Number(readFileSync(peak, "utf8")) * 1024,
      imageBytes: runner.image === undefined ? 0 : statSync(join(out, runner.image)).blocks * 512,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
    Bun.spawnSync(["sync"]);
    await Bun.sleep(SETTLE_MILLISECONDS);
  }
}

/** What it writes is on the disk before anything is measured. */
function prepare(script: string, env: Record<string, string | undefined>): void {
  const { exitCode, stderr } = Bun.spawnSync(["sh", "-c", script], { env, stdout: "ignore", stderr: "pipe" });
  if (exitCode !== 0)
    throw new Error(`preparing: exit ${exitCode}: ${stderr.toString().trim().slice(-2000)}`);
  Bun.spawnSync(["sync"]);
}

const gnuTime = Bun.which("time");

/** A child that we start ourselves begins with our own memory, and the kernel counts that as its peak. */
function peakCommand(file: string): readonly string[] {
  return gnuTime === null ? [] : [gnuTime, "--quiet", "--format=%M", `--output=${file}`];
}

/** undefined where none was measured. */
export function medianPeak(samples: readonly Sample[]): number | undefined {
  const peaks = samples.flatMap(({ peakBytes }) => (peakBytes === undefined ? [] : [peakBytes]));
  return peaks.length === 0 ? undefined : median(peaks);
}

/** Every file below a folder. */
export async function readIntoPageCache(folder: string): Promise<void> {
  const folders = [folder];
  // Not readdir's own way down, which under Bun follows symlinks: an image has some that lead in circles.
  for (let here = folders.pop(); here !== undefined; here = folders.pop()) {
    for (const entry of readdirSync(here, { withFileTypes: true })) {
      const path = join(here, entry.name);
      if (entry.isDirectory()) folders.push(path);
      else if (entry.isFile()) for await (const _ of createReadStream(path, { highWaterMark: 1 << 20 }));
    }
  }
}

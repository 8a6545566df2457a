/**
 * One whole conversion in a process of its own, and what it took until and after its last layer: `whole-run.ts LAYOUT
 * THREADS OUT`, which prints a WholeRun.
 */
import { join } from "node:path";
import { convert } from "../../src/convert/convert.ts";
import { processorSeconds } from "./measure-costs.ts";

/** Seconds. */
export interface WholeRun {
  readonly wall: number;
  readonly cpu: number;
  /** Of `cpu`, what was spent before the first layer's first bytes, and after the last layer was done. */
  readonly start: number;
  readonly finish: number;
}

/** @param core the only one it may run on; all if there is none */
export function wholeRun(layout: string, threads: number, out: string, core?: number): WholeRun {
  const self = join(import.meta.dir, "whole-run.ts");
  const pinned = core === undefined ? [] : ["taskset", "-c", `${core}`];
  const command = [...pinned, process.execPath, "--no-env-file", self, layout, `${threads}`, out];
  const { exitCode, stdout, stderr } = Bun.spawnSync(command);
  if (exitCode !== 0) throw new Error(`a conversion failed: ${stderr}`);
  return JSON.parse(`${stdout}`) as WholeRun;
}

async function run(layout: string, threads: number, out: string): Promise<WholeRun> {
  // A process has been running before its code does.
  const begin = performance.timeOrigin;
  let start: number | undefined;
  let layersDone = 0;
  await convert({
    source: `oci:${layout}`,
    platform: "linux/amd64",
    out,
    workers: threads,
    onProgress: ({ type }) => {
      if (type === "resolved") start ??= processorSeconds();
      if (type === "layer-done") layersDone = processorSeconds();
    },
  });
  const cpu = processorSeconds();
  return { wall: (Date.now() - begin) / 1000, cpu, start: start ?? 0, finish: cpu - layersDone };
}

if (import.meta.main) {
  const [layout = "", threads = "0", out = ""] = process.argv.slice(2);
  console.log(JSON.stringify(await run(layout, Number(threads), out)));
}

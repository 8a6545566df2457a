import { readFileSync } from "node:fs";
import type { ProgressEvent } from "../../convert/progress.ts";
import { Docker2vmError } from "../../errors.ts";
import { absolutePath } from "../../machine.ts";
import { whyUnreadable } from "../../system-errors.ts";
import { type CommandLine, flag, numberOption, stringOption } from "../arguments.ts";
import { editsOf } from "../edit-options.ts";
import { asDocker2vmError } from "../error-report.ts";
import type { Host } from "../host.ts";
import { type Manner, mannerOf } from "../manner.ts";
import { printable } from "../printable.ts";
import { registryRequest } from "../registry-request.ts";
import { conversionRequest } from "../request.ts";
import { layerStoreSettings, resultSettings } from "../results-request.ts";
import { chooseSource } from "../source-choice.ts";
import { tell } from "../tell.ts";
import { type BatchItem, parseItems } from "./items.ts";
import { countsOf, type Outcome, type Report, reportJson, reportText } from "./report.ts";
import { BatchState, fingerprintOf } from "./state.ts";

const JOBS = 2;

/** `docker2vm batch FILE` */
export async function runBatch(line: CommandLine, host: Host): Promise<number> {
  const folder = outFolder(line);
  const items = readItems(line, folder);
  const manner = mannerOf(line);
  const registry = await registryRequest(line, host, "");
  const batch: Batch = { line, host, manner, registry, state: new BatchState(folder), total: items.length };
  // All lines at first, so that what is mistyped in the last is known before the first is made.
  const jobs = items.map((item) => jobOf(item, batch));
  const report = await runAll(jobs, jobsAtOnce(line), batch);
  const text = flag(line, "json") ? reportJson(report) : reportText(report);
  await tell(host, { text, made: countsOf(report) });
  host.signal.throwIfAborted();
  return exitCodeOf(report);
}

interface Batch {
  readonly line: CommandLine;
  readonly host: Host;
  readonly manner: Manner;
  readonly registry: Awaited<ReturnType<typeof registryRequest>>;
  readonly state: BatchState;
  readonly total: number;
}

function outFolder(line: CommandLine): string {
  const out = stringOption(line, "out");
  if (out !== undefined) return absolutePath(out);
  throw new Docker2vmError("E_USAGE", "no output given", { hint: "add --out DIR" });
}

function readItems({ words: [, file, ...more] }: CommandLine, folder: string): readonly BatchItem[] {
  if (file === undefined || more.length > 0) {
    const found = more.length > 0 ? `batch does not take ${JSON.stringify(more[0])}` : "no list given";
    throw new Docker2vmError("E_USAGE", found, { hint: "docker2vm batch FILE --out DIR" });
  }
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new Docker2vmError("E_USAGE", `cannot read the list ${file}: ${whyUnreadable(error)}`, {
      hint: "name a file with a line for each image: SOURCE [OUT]",
      cause: error,
    });
  }
  return parseItems(text, folder, file);
}

function jobsAtOnce(line: CommandLine): number {
  const jobs = numberOption(line, "jobs") ?? JOBS;
  if (jobs > 0) return jobs;
  throw new Docker2vmError("E_USAGE", "--jobs 0 would convert nothing", { hint: "give 1 or more" });
}

/** Makes one output, or finds it made. Throws what that fails with. */
interface Job {
  readonly item: BatchItem;
  readonly run: (warnings: string[]) => Promise<Outcome>;
}

function jobOf(item: BatchItem, { line, host, registry, state }: Batch): Job {
  const values = new Map([...line.values, ...item.values, ["out", item.out]]);
  // Those of the item come after those for all.
  const given = [...line.given, ...givenOf(item.values)];
  const own: CommandLine = { words: ["convert", item.source], values, given };
  const request = { ...requestOf(item, own, host), registry };
  const results = resultSettings(line, registry);
  const layerStore = layerStoreSettings(line, registry);
  return {
    item,
    run: async (warnings) => {
      const options = { ...request, results, layerStore, signal: host.signal };
      const plan = await host.engine.planConversion(options);
      const fingerprint = fingerprintOf(plan, options);
      if (fingerprint !== undefined && state.has(item.out, fingerprint, plan.outputs)) {
        return { status: "there", warnings };
      }
      const onProgress = (event: ProgressEvent): void => {
        if (event.type === "warning") warnings.push(event.message);
      };
      const { reused, metadata } = await host.engine.convert({ ...options, onProgress });
      // A tag may have moved in between.
      if (fingerprint !== undefined && metadata.sourceDigest === plan.sourceDigest) {
        state.add(item.out, fingerprint);
      }
      return reused === undefined
        ? { status: "converted", warnings }
        : { status: "reused", from: reused, warnings };
    },
  };
}

/** Throws E_USAGE naming the item and the option at fault. */
function requestOf({ source }: BatchItem, line: CommandLine, { env }: Host) {
  try {
    const edits = editsOf(line, { openStdin: refuseStdin, stdinIsTerminal: false });
    const request = { source: pathOrName(source), ...conversionRequest(line, env) };
    return edits === undefined ? request : { ...request, edits };
  } catch (error) {
    if (!(error instanceof Docker2vmError)) throw error;
    throw new Docker2vmError(error.code, `${source}: ${error.message}`, { hint: error.hint, cause: error });
  }
}

/** Throws E_USAGE for what only one command can have. */
function pathOrName(source: string): string {
  const chosen = chooseSource("convert", {}, [source]);
  return chosen === "-" || chosen.endsWith(":-") ? refuseStdin() : chosen;
}

function refuseStdin(): never {
  throw new Docker2vmError("E_USAGE", "a batch reads nothing from standard input", {
    hint: "name a file, a folder or an image in a registry",
  });
}

/** Options of an item in their order, as a command line would have them. */
function givenOf(values: CommandLine["values"]): CommandLine["given"] {
  return [...values].flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((each) => [name, String(each)] as const),
  );
}

/** Each once, several at once. After the signal none is begun. Never throws. */
async function runAll(jobs: readonly Job[], width: number, batch: Batch): Promise<Report> {
  const report: { item: BatchItem; outcome: Outcome }[] = jobs.map(({ item }) => ({
    item,
    outcome: { status: "stopped" },
  }));
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < jobs.length && !batch.host.signal.aborted) {
      const index = next++;
      const job = jobs[index];
      if (job === undefined) return;
      const outcome = await outcomeOf(job, batch);
      report[index] = { item: job.item, outcome };
      tellProgress(outcome, job.item, index, batch);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, jobs.length) }, work));
  return report;
}

async function outcomeOf({ run }: Job, { host, manner }: Batch): Promise<Outcome> {
  const warnings: string[] = [];
  try {
    return await run(warnings);
  } catch (thrown) {
    if (host.signal.aborted) return { status: "stopped" };
    return { status: "failed", error: asDocker2vmError(thrown, manner.verbose), warnings };
  }
}

/** What has become of an item. */
export interface BatchEvent {
  readonly type: "item";
  /** Counted from 0 in the list. */
  readonly index: number;
  readonly source: string;
  readonly status: Outcome["status"];
}

function tellProgress(outcome: Outcome, { source }: BatchItem, index: number, batch: Batch): void {
  const { manner, host, total } = batch;
  if (manner.progress === "json") {
    const event: BatchEvent = { type: "item", index, source, status: outcome.status };
    host.stderr.write(`${JSON.stringify(event)}\n`);
    return;
  }
  if (manner.quiet) return;
  const where = `[${index + 1}/${total}] ${printable(source)}`;
  const warnings = outcome.status === "stopped" ? [] : outcome.warnings;
  for (const warning of warnings) host.stderr.write(`${where}: warning: ${printable(warning)}\n`);
  if (manner.progress === "none") return;
  const what = outcome.status === "failed" ? `failed: ${printable(outcome.error.message)}` : outcome.status;
  host.stderr.write(`${where}: ${what}\n`);
}

/** That of the first item in the list that failed. */
function exitCodeOf(report: Report): number {
  for (const { outcome } of report) if (outcome.status === "failed") return outcome.error.exitCode;
  return 0;
}

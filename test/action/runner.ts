/** A composite action as GitHub's runner carries it out, as far as ours goes: expressions, environments, outputs, its cache. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { runOk } from "../support/oracles.ts";
import { runBeside } from "../support/run-beside.ts";

/** A step, as action.yml has it. */
interface Step {
  readonly id?: string;
  readonly name: string;
  readonly if?: string;
  readonly shell?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly uses?: string;
  readonly with?: { readonly path: string; readonly key: string };
}

export interface Action {
  readonly inputs: Readonly<Record<string, { readonly required?: boolean; readonly default?: string }>>;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
}

/** Where a job runs. */
export interface Job {
  /** The folder of action.yml. */
  readonly action: string;
  readonly workspace: string;
  /** RUNNER_TEMP: another for each job. */
  readonly temporary: string;
  /** Where the cache of all jobs is kept. */
  readonly store: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Names of steps that are taken as done. */
  readonly skipped?: readonly string[];
}

export interface Outcome {
  /** Of the step that failed; 0 if none did. */
  readonly status: number;
  readonly said: string;
  readonly outputs: Readonly<Record<string, string>>;
}

export function readAction(folder: string): Action {
  return Bun.YAML.parse(readFileSync(join(folder, "action.yml"), "utf8")) as Action;
}

/** Carries the action out with these inputs; the others have their defaults. */
export async function runAction(job: Job, given: Readonly<Record<string, string>>): Promise<Outcome> {
  const { inputs, outputs, runs } = readAction(job.action);
  const values = new Map([["runner.temp", job.temporary]]);
  for (const [name, { default: usual = "" }] of Object.entries(inputs)) {
    values.set(`inputs.${name}`, given[name] ?? usual);
  }
  const toSave: { readonly path: string; readonly archive: string }[] = [];
  let said = "";
  for (const step of runs.steps) {
    if (job.skipped?.includes(step.name) || (step.if !== undefined && !holds(step.if, values))) continue;
    if (step.with === undefined) {
      const ran = await runStep(step, job, values);
      said += ran.said;
      if (ran.status !== 0) return { status: ran.status, said, outputs: {} };
      continue;
    }
    const path = filled(step.with.path, values);
    const archive = join(job.store, `${filled(step.with.key, values)}.tar`);
    if (existsSync(archive)) restore(archive, path);
    else toSave.push({ path, archive });
  }
  for (const { path, archive } of toSave) save(path, archive);
  const told = Object.entries(outputs).map(([name, { value }]) => [name, filled(value, values)]);
  return { status: 0, said, outputs: Object.fromEntries(told) };
}

async function runStep(step: Step, job: Job, values: Map<string, string>) {
  const outputFile = join(job.temporary, "outputs");
  writeFileSync(outputFile, "");
  const given = Object.entries(step.env ?? {}).map(([name, text]) => [name, filled(text, values)]);
  const env = {
    ...{ ...process.env, ...job.env, RUNNER_TEMP: job.temporary, GITHUB_ACTION_PATH: job.action },
    ...{ GITHUB_OUTPUT: outputFile, ...Object.fromEntries(given) },
  };
  const shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step.run ?? ""];
  const { status, stdout, stderr } = await runBeside(shell, { cwd: job.workspace, env });
  for (const [name, value] of outputsIn(readFileSync(outputFile, "utf8"))) {
    values.set(`steps.${step.id}.outputs.${name}`, value);
  }
  return { status: status ?? -1, said: stdout + stderr };
}

function filled(text: string, values: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\$\{\{ ([\w.-]+) \}\}/g, (_, name) => values.get(name) ?? "");
}

/** The one form of condition that is used. */
function holds(condition: string, values: ReadonlyMap<string, string>): boolean {
  const [, name, text] = /^([\w.-]+) != '(.*)'$/.exec(condition) ?? [];
  if (name === undefined) throw new Error(`a condition of another form: ${condition}`);
  return (values.get(name) ?? "") !== text;
}

/** NAME=VALUE, or NAME<<END, lines, END, as the runner reads GITHUB_OUTPUT. */
function outputsIn(text: string): readonly (readonly [name: string, value: string])[] {
  const form = /^([\w-]+)(?:=(.*)|<<(.*)\n([\s\S]*?)\n\3)$/gm;
  return [...text.matchAll(form)].map(([, name = "", plain, , long]) => [name, plain ?? long ?? ""]);
}

/** As actions/cache does: a tar, in which a file's inode and time of change are lost. */
function save(path: string, archive: string): void {
  if (!existsSync(path)) return;
  mkdirSync(dirname(archive), { recursive: true });
  runOk("tar", ["--posix", "-cf", archive, "-C", path, "."]);
}

function restore(archive: string, path: string): void {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { recursive: true });
  runOk("tar", ["-xf", archive, "-C", path]);
}

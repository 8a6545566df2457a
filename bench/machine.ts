/** What the numbers were measured on: times of two machines, or of two days, do not compare. */
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release, totalmem, type } from "node:os";

export interface Machine {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly system: string;
  readonly kernel: string;
  readonly bun: string;
  /** undefined where there is none. */
  readonly node: string | undefined;
  /** Runnable threads over the last minute, before the bench began: beside it, nothing should run. */
  readonly load: number;
}

export function describeMachine(): Machine {
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus()[0]?.model.trim() ?? "unknown processor",
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    system: systemName(),
    kernel: `${type()} ${release()}`,
    bun: Bun.version,
    node:
      Bun.which("node") === null ? undefined : Bun.spawnSync(["node", "--version"]).stdout.toString().trim(),
    load: loadavg()[0] ?? 0,
  };
}

/** One line, for above a table. */
export function machineLine(machine: Machine): string {
  const runtimes = `Bun ${machine.bun}${machine.node === undefined ? "" : `, Node ${machine.node}`}`;
  const memory = `${Math.round(machine.memoryBytes / 2 ** 30)} GiB`;
  const hardware = `${machine.cores} cores of ${machine.cpu}, ${memory}`;
  const load = `load ${machine.load.toFixed(1)} before`;
  return [machine.date, hardware, machine.system, machine.kernel, runtimes, load].join("; ");
}

function systemName(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "unknown system";
  } catch {
    return "unknown system";
  }
}

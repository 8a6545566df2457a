import { type SpawnOptions, spawn } from "node:child_process";
import type { Outcome } from "./oracles.ts";

/** Runs a program while this process goes on serving it, by default with nothing in its environment but the PATH. */
export async function runBeside(
  [program = "", ...args]: readonly string[],
  options: Pick<SpawnOptions, "cwd" | "env"> = {},
): Promise<Outcome> {
  const env = { PATH: process.env["PATH"] };
  const child = spawn(program, args, { env, ...options, stdio: ["ignore", "pipe", "pipe"] });
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      said[name] += text;
    });
  }
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  });
  return { status: status ?? -1, ...said };
}

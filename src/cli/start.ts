import { answerQuickly } from "./quick-answers.ts";

/** What each of the programs begins with; `args` as the one of them takes them that has all commands. */
export async function start(args: readonly string[]): Promise<void> {
  if (answerQuickly(args)) return;
  const { runProcess } = await import("./process.ts");
  await runProcess(args);
}

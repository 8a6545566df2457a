/**
 * The program as one executable, which does what the name does that it is called by: a link to it with the name of one of
 * the package's other programs is that program.
 */
import { basename } from "node:path";
import { answerQuickly } from "./quick-answers.ts";

const args = process.argv.slice(2);
if (!answerQuickly(args)) {
  const { commandNamed } = await import("./commands.ts");
  const { runProcess } = await import("./process.ts");
  const name = basename(process.argv0).replace(/\.exe$/i, "");
  await runProcess(commandNamed(name)?.hidden === true ? [name, ...args] : args);
}

/**
 * The program as one executable, which does what the name does that it is called by: a link to it with the name of one of
 * the package's other programs is that program.
 */
import { basename } from "node:path";
import { commandNamed } from "./commands.ts";
import { runProcess } from "./process.ts";

const name = basename(process.argv0).replace(/\.exe$/i, "");
const args = process.argv.slice(2);

await runProcess(commandNamed(name)?.hidden === true ? [name, ...args] : args);

/** What the table of commands says of each. */
import type { CommandLine } from "./arguments.ts";
import type { Host } from "./host.ts";
import type { Syntax } from "./options/option.ts";

/** Carries a command out; throws what `run` tells the user. What it returns is the exit code, 0 if nothing. */
export type RunCommand = (line: CommandLine, host: Host) => Promise<void> | Promise<number>;

/** A command line with what it is good for. */
export interface Example {
  readonly does: string;
  /** As it is typed, the program's name first. */
  readonly line: string;
}

/** A command: what the help says of it, the options it takes, and its code, loaded when it is wanted. */
export interface Command extends Syntax {
  readonly usage: string;
  /** The words one of which comes first. The command's options are those of all of them. */
  readonly actions?: Readonly<Record<string, Syntax>>;
  /** At most three. */
  readonly examples?: readonly Example[];
  /** Not in the list of commands: it has a program of its own. */
  readonly hidden?: boolean;
  /** Its arguments are read as Go's package flag reads them. */
  readonly goFlags?: boolean;
  /** Options that another program of its name has, and what serves instead. */
  readonly elsewhere?: Readonly<Record<string, string>>;
  /** The exit code of every failure; absent: by its code. */
  readonly failsWith?: number;
  /** What is so where a signal has stopped it; absent: nothing that would have to be said. */
  readonly whenStopped?: (line: CommandLine) => string;
  load(): Promise<RunCommand>;
}

/** Commands by their names. */
export type Commands = Readonly<Record<string, Command>>;

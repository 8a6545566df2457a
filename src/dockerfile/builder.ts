import type { BuildRequest } from "./build-request.ts";
import type { BuilderName } from "./options.ts";

/** A program, found, and its arguments: run as they are, never by a shell. */
export type Command = readonly [program: string, ...args: string[]];

/** A builder that was found to work. */
export interface Builder {
  readonly name: BuilderName;
  /** The commands that build; pure. */
  plan(request: BuildRequest, place: BuildPlace): BuildPlan;
}

/** What a plan may use for itself. */
export interface BuildPlace {
  /** A folder on the output's disk. */
  readonly scratchFolder: string;
  /** Letters and digits that no other build has. */
  readonly unique: string;
}

export interface BuildPlan {
  /** Run before the image is there. */
  readonly build?: Command;
  /** Run after it: takes the image whose ID `build` has left in a file out of the builder's keeping. */
  readonly fetch?: { readonly idFile: string; readonly command: (imageId: string) => Command };
  /** Where the image then comes from: a command's standard output, or a file as `docker save` writes it. */
  readonly image:
    | { readonly from: "output"; readonly command: Command }
    | { readonly from: "file"; readonly path: string };
  /** Takes away what `build` has left in the builder's keeping. */
  readonly cleanup?: Command;
  /** Of a builder that leaves containers behind where it is killed. */
  readonly containers?: ContainerCommands;
}

export interface ContainerCommands {
  /** Prints an ID on every line. */
  readonly list: Command;
  /** To be followed by IDs. */
  readonly remove: Command;
}

/** Options that are given once for every value. */
export function repeated(option: string, values: readonly string[]): string[] {
  return values.flatMap((value) => [option, value]);
}

/** An option with its value where there is one. */
export function optional(option: string, value: string | undefined): string[] {
  return value === undefined ? [] : [option, value];
}

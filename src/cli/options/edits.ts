import type { OptionSpec } from "./option.ts";

const EDITS = "Edits of the image's files (made in the order given):";

export const EDIT_OPTIONS = {
  add: {
    type: "string",
    repeats: true,
    takes: "file",
    group: EDITS,
    describe:
      "SRC:DEST[:USER:GROUP[:MODE]]: a file to DEST, or what a folder holds into DEST, root's unless said; SRC - is standard input",
    standardInput: true,
  },
  "add-tar": {
    type: "string",
    repeats: true,
    takes: "file",
    group: EDITS,
    describe: "A tar laid over the image as one more layer, whiteouts and all; - is standard input",
    standardInput: true,
  },
  remove: { type: "string", repeats: true, group: EDITS, describe: "A path that goes, with all below it" },
  chown: {
    type: "string",
    repeats: true,
    group: EDITS,
    describe: "USER[:GROUP]:PATH, numbers or names that the image has; :GROUP:PATH leaves the user",
  },
  "chown-tree": { type: "string", repeats: true, group: EDITS, describe: "The same with all below PATH" },
  chmod: { type: "string", repeats: true, group: EDITS, describe: "MODE:PATH, octal" },
  symlink: { type: "string", repeats: true, group: EDITS, describe: "TARGET:PATH, a symlink at PATH" },
  hosts: {
    type: "string",
    repeats: true,
    group: EDITS,
    describe: "NAME:ADDRESS, a line appended to /etc/hosts",
  },
  "resolv-conf": {
    type: "string",
    repeats: true,
    takes: "file",
    group: EDITS,
    describe: "A file that becomes /etc/resolv.conf",
  },
  "ssh-key": {
    type: "string",
    repeats: true,
    takes: "file",
    group: EDITS,
    describe: "FILE[:USER], public keys by which the user may log in, root unless said",
  },
} as const satisfies Record<string, OptionSpec>;

export type EditOptionName = keyof typeof EDIT_OPTIONS;

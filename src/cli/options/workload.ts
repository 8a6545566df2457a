/** What a machine runs, in place of what the image says. */
import type { OptionSpec } from "./option.ts";

const WORKLOAD = "Workload (with --profile init, systemd or cloud-init):";

export const WORKLOAD_OPTIONS = {
  entrypoint: {
    type: "string",
    group: WORKLOAD,
    describe: "In place of the image's and its command: once for each word, or a JSON array",
  },
  cmd: {
    type: "string",
    group: WORKLOAD,
    describe: "In place of the image's command, behind the entrypoint; likewise",
  },
  env: {
    type: "string",
    group: WORKLOAD,
    describe: "NAME=VALUE, or NAME for its value in the environment",
    repeats: true,
  },
  "env-file": {
    type: "string",
    takes: "file",
    group: WORKLOAD,
    describe: "File of such lines, before all of --env",
    repeats: true,
  },
  workdir: { type: "string", group: WORKLOAD, describe: "Working directory" },
  user: { type: "string", group: WORKLOAD, describe: "USER[:GROUP], names or numbers" },
  hostname: {
    type: "string",
    group: WORKLOAD,
    describe: "Name of the machine",
    defaultDescription: "localhost",
  },
  "keep-running": {
    type: "boolean",
    group: WORKLOAD,
    describe: "With --profile systemd: the machine goes on when its workload has ended",
  },
  ip: {
    type: "string",
    group: WORKLOAD,
    describe:
      "With --profile init: dhcp, or ADDRESS/PREFIX[,gateway=ADDRESS][,dns=ADDRESS]; the kernel's ip= goes before it",
    defaultDescription: "the loopback alone",
  },
} as const satisfies Record<string, OptionSpec>;

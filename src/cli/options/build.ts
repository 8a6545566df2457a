import { CONVERT_OPTIONS } from "./convert.ts";
import type { OptionSpec } from "./option.ts";
import { REGISTRY } from "./registry.ts";
import { RESULTS } from "./results.ts";
import { SOURCE } from "./source.ts";

const BUILD = "Build:";

/** What is built, and how. */
export const BUILD_OPTIONS = {
  file: {
    type: "string",
    takes: "file",
    group: BUILD,
    describe: "The Dockerfile",
    defaultDescription: "Dockerfile in the context",
  },
  context: {
    type: "string",
    takes: "folder",
    group: BUILD,
    describe: "Folder that COPY and ADD take from",
    defaultDescription: ".",
  },
  builder: {
    type: "string",
    group: BUILD,
    describe: "Who builds",
    values: ["docker-buildx", "buildctl", "buildah"],
    defaultDescription: "the first that works",
  },
  target: { type: "string", group: BUILD, describe: "The stage to be built", defaultDescription: "the last" },
  "build-arg": {
    type: "string",
    group: BUILD,
    describe: "NAME=VALUE, or NAME for its value in the environment",
    repeats: true,
  },
  secret: {
    type: "string",
    group: BUILD,
    describe: "As the builder takes it: id=token,src=./token",
    repeats: true,
  },
  "no-cache": { type: "boolean", group: BUILD, describe: "Build every step anew" },
} as const satisfies Record<string, OptionSpec>;

/** All that convert takes, but for the image and where it comes from: one that was just built is no earlier result. */
export const DOCKERFILE_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  ...BUILD_OPTIONS,
  ...Object.fromEntries(
    Object.entries<OptionSpec>(CONVERT_OPTIONS).filter(
      ([, { group }]) => ![SOURCE, REGISTRY, RESULTS].includes(group),
    ),
  ),
};

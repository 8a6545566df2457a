/** `npm run release`: all that is shipped, into one folder. */
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { Docker2vmError, EXIT } from "../errors.ts";
import { REPOSITORY } from "./place.ts";
import { release } from "./release.ts";
import { releaseTime } from "./repository.ts";
import { TARGETS, type Target } from "./targets.ts";

const DEFAULT_BASE = "gcr.io/distroless/cc-debian12:nonroot";

const HELP = `npm run release -- [options]

Makes all that is shipped: executables, the container image, the package, lists and sums.

  --out DIR       Folder for all of it. Default: release
  --target NAME   An executable's system; may be repeated. Default: all of
                  ${TARGETS.map(({ name }) => name).join(", ")}
  --base IMAGE    What the container image is on, any image with a C library.
                  Default: ${DEFAULT_BASE}
  --no-container  Make no container image
  --cache DIR     Folder for what is fetched. Default: .cache/release
  --help          Show this help

SOURCE_DATE_EPOCH is the time of everything, in seconds since 1970. Default: the commit's.
`;

function targetNamed(name: string): Target {
  const found = TARGETS.find((target) => target.name === name);
  if (found !== undefined) return found;
  throw new Docker2vmError("E_USAGE", `there is no target ${JSON.stringify(name)}`, {
    hint: `--target takes ${TARGETS.map((target) => target.name).join(", ")}`,
  });
}

function given() {
  try {
    return parseArgs({
      options: {
        out: { type: "string", default: "release" },
        target: { type: "string", multiple: true, default: TARGETS.map(({ name }) => name) },
        base: { type: "string", default: DEFAULT_BASE },
        "no-container": { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
        cache: { type: "string", default: join(REPOSITORY, ".cache/release") },
      },
    }).values;
  } catch (error) {
    throw new Docker2vmError("E_USAGE", error instanceof Error ? error.message : String(error), {
      hint: "npm run release -- --help shows the options",
      cause: error,
    });
  }
}

async function main(): Promise<void> {
  const { out, target, base, cache, help, "no-container": noContainer } = given();
  if (help) {
    process.stdout.write(HELP);
    return;
  }
  await release({
    out: resolve(out),
    targets: [...new Set(target)].map(targetNamed),
    base: noContainer ? undefined : base,
    cache: resolve(cache),
    seconds: releaseTime(process.env),
    onStep: (what) => console.error(what),
  });
  console.log(resolve(out));
}

process.once("SIGINT", () => process.exit(EXIT.interrupted));
process.once("SIGTERM", () => process.exit(EXIT.terminated));
try {
  await main();
} catch (error) {
  if (!(error instanceof Docker2vmError)) throw error;
  console.error(`error: ${error.message}${error.hint === undefined ? "" : `\n  hint: ${error.hint}`}`);
  process.exitCode = error.exitCode;
}

/** What the command says of a base that is missing or wrong, and of an image that cannot be a guest. */
import { beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { MANIFEST, writeBase } from "../profile/gondolin/bases.ts";
import { HELLO } from "../support/gondolin/guest-image.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { type Outcome, run } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();
const MAIN = join(import.meta.dir, "../../src/cli/main.ts");
const NOWHERE = ["GONDOLIN_GUEST_DIR", "GONDOLIN_IMAGE_STORE", "GONDOLIN_DEFAULT_IMAGE", "XDG_CACHE_HOME"];

beforeAll(() => {
  mkdirSync(scratch("home"));
  writeBase(scratch("base"), { manifest: MANIFEST });
});

interface Call {
  readonly layout?: string;
  readonly platform?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Converts as somebody who has nothing of Gondolin's, into "out". */
function convertAlone({ layout = HELLO, platform = "linux/amd64", args = [], env = {} }: Call): Outcome {
  const source = ["--oci-layout", layout, "--platform", platform];
  const profile = ["--profile", "gondolin", "--mode", "assets", "--out", scratch("out")];
  // env -u: a variable that is empty is not one that is missing.
  const alone = [...NOWHERE.flatMap((name) => ["-u", name]), `HOME=${scratch("home")}`];
  const given = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const command = [process.execPath, MAIN, "convert", ...source, ...profile, ...args];
  return run("env", [...alone, ...given, ...command], { cwd: scratch("home") });
}

function expectFailure({ stderr, status }: Outcome, code: number, ...said: readonly string[]): void {
  for (const text of said) expect(stderr).toContain(text);
  expect(stderr).not.toContain("    at ");
  expect(status).toBe(code);
  expect(existsSync(scratch("out"))).toBe(false);
}

test("without a base it says where it has looked, and how to get one", () => {
  const home = scratch("home");
  expectFailure(
    convertAlone({}),
    3,
    "error: no Gondolin guest assets for x86_64 were found; looked at: ",
    "--guest-assets and GONDOLIN_GUEST_DIR",
    `guest/image/out in ${home} and above it`,
    join(home, ".cache/gondolin/images/refs/alpine-base/latest/x86_64"),
    "hint: fetch them with 'gondolin image pull alpine-base:latest --arch x86_64'",
  );
});

test("it looks into the image store that the environment names", () => {
  const env = { GONDOLIN_IMAGE_STORE: "/elsewhere", GONDOLIN_DEFAULT_IMAGE: "mine:2" };
  expectFailure(convertAlone({ env }), 3, "/elsewhere/refs/mine/2/x86_64");
});

test("a folder that is no base is named with what it lacks", () => {
  const args = ["--guest-assets", "."];
  expectFailure(
    convertAlone({ args }),
    3,
    `${scratch("home")} holds no Gondolin guest assets`,
    "vmlinuz-virt",
  );
});

test("a base of another architecture than the image is refused", () => {
  expectFailure(
    convertAlone({ platform: "linux/arm64", args: ["--guest-assets", scratch("base")] }),
    3,
    `${scratch("base")} are for x86_64, the image is for linux/arm64`,
    "gondolin image pull alpine-base:latest --arch aarch64",
  );
});

test("an image with an /init of its own keeps it, and is no guest", () => {
  const init = { path: "init", mode: 0o755, data: "#!/bin/sh\nexec /app\n" };
  buildLayout(scratch("with-init"), { layers: [tar([init])] });
  expectFailure(
    convertAlone({ layout: scratch("with-init"), args: ["--guest-assets", scratch("base")] }),
    7,
    "the image has files of its own where the profile's must be: /init",
    "hint: Gondolin starts a guest with its own /init: take an image without one, or convert with --profile baseline",
  );
});

/**
 * `npm run e2e:smoke [-- IMAGE [COMMAND [ARGUMENT]...]]`: converts an image to a guest, boots it by the real Gondolin,
 * runs a command in it, and tells what it does. Ends with the command's exit status, or with 1 at once where the
 * machine lacks a program for any of that.
 *
 * The image is named as `docker2vm convert` takes it; without one it is the bundled image. The base is the one that
 * Gondolin would boot, or, where there is none on this machine, that of the tests.
 */
import { homedir } from "node:os";
import { join } from "node:path";
import { convert } from "../../src/convert/convert.ts";
import { Docker2vmError } from "../../src/errors.ts";
import { locateGuestAssets } from "../../src/profile/gondolin/location.ts";
import { tellMaking } from "../support/cache.ts";
import { ARCHITECTURES } from "../support/gondolin/architecture.ts";
import { baseBundle } from "../support/gondolin/base-bundle.ts";
import { HELLO } from "../support/gondolin/guest-image.ts";
import { bootOracles, guestOracles } from "../support/gondolin/needs.ts";
import { askGuest, type GuestCommand, type GuestResult } from "../support/gondolin/run-guest.ts";
import { describeLack, lacksOf, remedyFor } from "../support/programs.ts";
import { withTemporaryFolder } from "../support/temporary.ts";

const ARCHITECTURE = process.arch === "arm64" ? "arm64" : "amd64";
const WITNESS = ["/bin/sh", "-c", 'read -r version < /proc/version && echo "up: $version"'];

const ENVIRONMENT = { HOME: homedir(), ...process.env };
/** Between two lines about a guest that boots. */
const SECONDS = 10;

const [image = `oci:${HELLO}`, ...command] = process.argv.slice(2);
try {
  process.exitCode = await withTemporaryFolder((folder) => smoke(image, command, join(folder, "guest")));
} catch (error) {
  tell("Failed", error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

async function smoke(source: string, words: readonly string[], out: string): Promise<number> {
  tell("Image", `${source} (linux/${ARCHITECTURE})`);
  const ownBase = findBase();
  const oracles = ownBase === undefined ? guestOracles(ARCHITECTURE) : bootOracles(ARCHITECTURE);
  tell("Needs", oracles.join(", "));
  const lacks = lacksOf(oracles);
  if (lacks.length > 0) {
    throw new Error(
      [`this machine lacks ${lacks.map(describeLack).join(", ")}`, ...remedyFor(lacks)].join("\n"),
    );
  }
  tellMaking((name) => tell("Makes", `${name}: kept for the next time, but now it may take minutes`));
  if (ownBase === undefined) tell("Base", "that of the tests: Gondolin has none for this architecture here");
  const guestAssets = ownBase ?? baseBundle(ARCHITECTURE);
  tell("Converts", `on the base in ${guestAssets}`);
  const { metadata } = await convert({
    source,
    platform: `linux/${ARCHITECTURE}`,
    profile: { name: "gondolin", mode: "assets", guestAssets, environment: ENVIRONMENT },
    out,
  });
  tell("Added", `${metadata.injection?.paths.length} paths beside the image's own`);
  const exec = words.length === 0 ? WITNESS : words;
  tell("Boots", `${exec.join(" ")} in a guest of Gondolin's, on an emulated processor`);
  const answer = await ask(out, exec);
  process.stdout.write(answer.stdout);
  process.stderr.write(answer.stderr);
  tell("Ended", `with ${answer.exitCode}`);
  return answer.exitCode;
}

/** The folder of the base that Gondolin would boot, if there is one. */
function findBase(): string | undefined {
  const { machine } = ARCHITECTURES[ARCHITECTURE];
  try {
    return locateGuestAssets({
      environment: ENVIRONMENT,
      cwd: process.cwd(),
      home: homedir(),
      architecture: machine,
    });
  } catch (error) {
    if (error instanceof Docker2vmError && error.code === "E_GUEST_ASSETS_NOT_FOUND") return undefined;
    throw error;
  }
}

/** Runs a command in a guest, and tells now and then how far that has come. */
async function ask(image: string, command: GuestCommand): Promise<GuestResult> {
  let console = "";
  let seconds = 0;
  const timer = setInterval(() => {
    seconds += SECONDS;
    tell("", `${seconds} s: ${console.trimEnd().split("\n").at(-1)?.trim()}`);
  }, SECONDS * 1000);
  const onConsole = (text: string): void => {
    console += text;
  };
  try {
    const { answer } = await askGuest({ image, architecture: ARCHITECTURE, onConsole }, { answer: command });
    return answer;
  } finally {
    clearInterval(timer);
  }
}

function tell(what: string, text: string): void {
  console.error(`${what.padEnd(10)}${text.replaceAll("\n", `\n${" ".repeat(10)}`)}`);
}

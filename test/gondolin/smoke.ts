/**
 * `npm run e2e:smoke [-- IMAGE [COMMAND [ARGUMENT]...]]`: converts an image to a guest, boots it by the real Gondolin,
 * runs a command in it, and tells what it does. Ends with the command's exit status.
 *
 * The image is named as `docker2vm convert` takes it; without one it is the bundled image. The base is the one that
 * Gondolin would boot, or, where there is none on this machine, that of the tests.
 */
import { homedir } from "node:os";
import { join } from "node:path";
import { type ConvertResult, convert } from "../../src/convert/convert.ts";
import { Docker2vmError } from "../../src/errors.ts";
import { baseBundle } from "../support/gondolin/base-bundle.ts";
import { HELLO } from "../support/gondolin/guest-image.ts";
import { askGuest } from "../support/gondolin/run-guest.ts";
import { withTemporaryFolder } from "../support/temporary.ts";

const ARCHITECTURE = process.arch === "arm64" ? "arm64" : "amd64";
const WITNESS = ["/bin/sh", "-c", 'read -r version < /proc/version && echo "up: $version"'];

const [image = `oci:${HELLO}`, ...command] = process.argv.slice(2);
try {
  process.exitCode = await withTemporaryFolder((folder) => smoke(image, command, join(folder, "guest")));
} catch (error) {
  tell("Failed", error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

async function smoke(source: string, words: readonly string[], out: string): Promise<number> {
  tell("Image", `${source} (linux/${ARCHITECTURE})`);
  const { metadata } = await convertWithSomeBase(source, out);
  tell("Added", `${metadata.injection?.paths.length} paths beside the image's own`);
  const exec = words.length === 0 ? WITNESS : words;
  tell("Boots", `${exec.join(" ")} in a guest of Gondolin's`);
  const { answer } = await askGuest({ image: out, architecture: ARCHITECTURE }, { answer: exec });
  process.stdout.write(answer.stdout);
  process.stderr.write(answer.stderr);
  tell("Ended", `with ${answer.exitCode}`);
  return answer.exitCode;
}

async function convertWithSomeBase(source: string, out: string): Promise<ConvertResult> {
  try {
    return await convertWith(undefined, source, out);
  } catch (error) {
    if (!(error instanceof Docker2vmError) || error.code !== "E_GUEST_ASSETS_NOT_FOUND") throw error;
    const base = baseBundle(ARCHITECTURE);
    tell("Base", `that of the tests, ${base}: Gondolin has none for this architecture here`);
    return await convertWith(base, source, out);
  }
}

function convertWith(guestAssets: string | undefined, source: string, out: string): Promise<ConvertResult> {
  return convert({
    source,
    platform: `linux/${ARCHITECTURE}`,
    profile: "gondolin",
    mode: "assets",
    guestAssets,
    environment: { HOME: homedir(), ...process.env },
    out,
  });
}

function tell(what: string, text: string): void {
  console.error(`${what.padEnd(8)}${text}`);
}

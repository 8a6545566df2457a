/** What the caller's own functions throw is what the caller gets, and nothing else is left of the job. */
import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { convert } from "../../src/convert/convert.ts";
import { planConversion } from "../../src/convert/dry-run.ts";
import { inspectImage } from "../../src/convert/inspect-image.ts";
import type { ConvertOptions } from "../../src/convert/options.ts";
import type { ProgressEvent } from "../../src/convert/progress.ts";
import { convertDockerfile } from "../../src/dockerfile/convert-dockerfile.ts";
import { planDockerfile } from "../../src/dockerfile/dry-run.ts";
import { dockerContainer, inPlace, type Place } from "../dockerfile/stand-in.ts";
import { noise } from "../registry/support.ts";
import { entriesOf, tarOf } from "../source/support.ts";
import { expectError } from "../support/expect-error.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { scratchFolder } from "../support/scratch.ts";
import { ScriptedRegistry } from "../support/scripted-registry.ts";
import { tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();
const OUT = (): string => scratch("out");
const TMPDIR = process.env["TMPDIR"];

afterEach(() => {
  if (TMPDIR === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = TMPDIR;
});

/** An image whose layers bring a warning, and are of many chunks. */
function layout(): string {
  if (existsSync(scratch("layout"))) return scratch("layout");
  const layers = [1, 2, 3].map((seed) =>
    tar([
      { path: `noise${seed}`, data: noise(2_000_000, seed) },
      { path: "s", type: "symlink", linkname: "t", pax: { "SCHILY.xattr.user.a": "b" } },
    ]),
  );
  buildLayout(scratch("layout"), { layers });
  return scratch("layout");
}

/** A caller that does not want to hear of a kind of event, and how often it was told anything after that. */
function caller(type: ProgressEvent["type"]) {
  const thrown = { the: "caller's own" };
  let after = 0;
  let hasThrown = false;
  const onProgress = (event: ProgressEvent): void => {
    if (hasThrown) after++;
    if (event.type !== type) return;
    hasThrown = true;
    throw thrown;
  };
  return { thrown, onProgress, after: () => after };
}

async function expectThrown(
  type: ProgressEvent["type"],
  attempt: (onProgress: ConvertOptions["onProgress"]) => Promise<unknown>,
): Promise<void> {
  const { thrown, onProgress, after } = caller(type);
  const outcome = await attempt(onProgress).catch((error: unknown) => error);
  expect(outcome).toBe(thrown);
  expect(after()).toBe(0);
  expect(existsSync(OUT())).toBe(false);
}

const PHASES = ["resolved", "layer", "warning", "layer-done", "filesystem"] as const;

describe("what onProgress throws is what convert throws", () => {
  for (const workers of [0, 1, 2]) {
    for (const type of PHASES) {
      test(`at "${type}", with ${workers} threads`, () =>
        expectThrown(type, (onProgress) =>
          convert({ source: `oci:${layout()}`, platform: "linux/amd64", out: OUT(), workers, onProgress }),
        ));
    }
  }

  test("at the last of all events", async () => {
    const options = { source: `oci:${layout()}`, platform: "linux/amd64", out: OUT() };
    const events: ProgressEvent[] = [];
    await convert({ ...options, out: scratch("whole"), onProgress: (event) => void events.push(event) });
    let told = 0;
    const thrown = new Error("no more");
    const onProgress = (): void => {
      if (++told === events.length) throw thrown;
    };
    expect(await convert({ ...options, onProgress }).catch((error: unknown) => error)).toBe(thrown);
    expect(existsSync(OUT())).toBe(false);
  });

  for (const workers of [0, 2]) {
    for (const type of ["download", "layer", "filesystem"] as const) {
      test(`at "${type}", from a registry with ${workers} threads`, async () => {
        const registry = await ScriptedRegistry.start();
        try {
          registry.addLayout(layout());
          await expectThrown(type, (onProgress) =>
            convert({
              source: `docker://${registry.host}/team/app`,
              platform: "linux/amd64",
              out: OUT(),
              workers,
              onProgress,
            }),
          );
        } finally {
          registry.close();
        }
      });
    }
  }

  test("while standard input is kept; of planConversion and inspectImage, too", async () => {
    const bytes = await tarOf(entriesOf(layout()));
    process.env["TMPDIR"] = scratch("temporary");
    mkdirSync(scratch("temporary"));
    for (const job of [convert, planConversion, inspectImage]) {
      const source = { kind: "stream", bytes: Readable.from([bytes]) } as const;
      await expectThrown("spooling", (onProgress) =>
        job({ source, platform: "linux/amd64", out: OUT(), onProgress }),
      );
    }
    expect(readdirSync(scratch("temporary"))).toEqual([]);
  });

  test("of convertDockerfile, also from onBuild", () =>
    inPlace(async (place) => {
      dockerContainer(place, "echo building >&2; cat image.tar");
      const { context, environment } = place;
      const out = OUT();
      const options = { context, environment, out, platform: "linux/amd64" };
      for (const type of ["spooling", "resolved", "filesystem"] as const) {
        await expectThrown(type, (onProgress) => convertDockerfile({ ...options, onProgress }));
      }
      for (const type of ["builder", "build-output"] as const) {
        const thrown = new Error(type);
        const onBuild = (event: { type: string }): void => {
          if (event.type === type) throw thrown;
        };
        expect(await convertDockerfile({ ...options, onBuild }).catch((error: unknown) => error)).toBe(
          thrown,
        );
        expect(existsSync(out)).toBe(false);
      }
    }));

  test("of what a builder leaves behind, before there is an image", () =>
    inPlace(async (place) => {
      const { context, environment } = place;
      dockerThatKeepsItsImage(place);
      const options = { context, environment, out: OUT(), platform: "linux/amd64" };
      await expectThrown("warning", (onProgress) => convertDockerfile({ ...options, onProgress }));
      const told: string[] = [];
      const onProgress = (event: ProgressEvent): void => {
        if (event.type === "warning") told.push(event.message);
      };
      const { warnings } = await convertDockerfile({ ...options, out: scratch("kept"), onProgress });
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toContain("still in use");
      expect(told).toEqual([...warnings]);
    }));
});

/** Docker with the driver docker, which cannot remove what it has built. */
function dockerThatKeepsItsImage(place: Place): void {
  place.program("docker", {
    '"buildx inspect"': "printf 'Name: default\\nDriver: docker\\nNodes:\\n'",
    '"buildx build"': ":",
    "image*|rmi*": "echo still in use >&2; exit 1",
    "save*": "cat image.tar",
    "*": ":",
  });
}

test("the caller's signal, too, is told by the library's own error of every job", async () => {
  const signal = AbortSignal.abort(new Error("enough"));
  const options = { platform: "linux/amd64", out: OUT(), signal };
  for (const job of [convert, planConversion, inspectImage]) {
    const bytes = Readable.from([readFileSync(`${layout()}/index.json`)]);
    await expectError(job({ ...options, source: { kind: "stdin", bytes } }), "E_INTERRUPTED");
  }
  await inPlace(async ({ context, environment }) => {
    for (const job of [convertDockerfile, planDockerfile]) {
      await expectError(job({ ...options, context, environment }), "E_INTERRUPTED");
    }
  });
});

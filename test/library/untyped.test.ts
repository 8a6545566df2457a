/** Programs without types: what they forget, or hand in wrongly, is told as such, and nothing is done with it. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { blobPath } from "../../src/cache/layout.ts";
import * as library from "../../src/index.ts";
import { sha256Of } from "../../src/oci/digest.ts";
import { expectError } from "../support/expect-error.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();

const LIBRARY: Readonly<Record<string, unknown>> = { ...library };

/** Calls a function of the library as JavaScript does. */
async function call(name: keyof typeof library, ...args: readonly unknown[]): Promise<void> {
  const called = LIBRARY[name];
  if (typeof called !== "function") throw new Error(`${name} is no function`);
  const outcome: unknown = Reflect.apply(called, undefined, args);
  // All of them give promises, and throw nothing themselves.
  expect(outcome).toBeInstanceOf(Promise);
  await outcome;
}

describe("options that are none", () => {
  const alone = [
    "convert",
    "planConversion",
    "inspectImage",
    "diffImages",
    "reportImage",
    "reportComparison",
    "containerToVirtioDevice",
    "convertDockerfile",
    "planDockerfile",
    "pushImage",
    "pullImage",
    "signImage",
    "verifySignature",
    "createBundle",
  ] as const;
  for (const name of alone) {
    test(`are refused by ${name}`, async () => {
      await expectError(call(name), "E_USAGE", "no options given", "by name");
      await expectError(call(name, null), "E_USAGE", "the options are null, and no object");
      await expectError(call(name, "alpine"), "E_USAGE", 'the options are "alpine", and no object');
      await expectError(call(name, ["alpine"]), "E_USAGE", "the options are a list, and no object");
      const given = { source: "oci:/nowhere", before: "oci:/nowhere", after: "oci:/nowhere" };
      const others = {
        imageRef: "oci:/nowhere",
        outputPath: scratch("out"),
        image: "/nowhere",
        reference: "a/b",
      };
      const settings = { ...given, ...others, keyFile: "/nowhere", out: scratch("out"), signal: 5 };
      await expectError(call(name, settings), "E_USAGE", "the option signal is 5, and no AbortSignal");
    });
  }

  test("are refused behind what comes before them", async () => {
    for (const options of [null, 5, []]) {
      await expectError(call("convertInto", new library.MemoryTarget(), options), "E_USAGE", "no object");
      await expectError(call("convertToStream", new WritableStream(), options), "E_USAGE", "no object");
      await expectError(call("resizeImage", "/nowhere", options), "E_USAGE", "no object");
      await expectError(call("openImage", "/nowhere", options), "E_USAGE", "no object");
      await expectError(call("verifyImage", "/nowhere", options), "E_USAGE", "no object");
    }
  });
});

describe("a source", () => {
  const WRONG: readonly [unknown, string][] = [
    [undefined, "no source given"],
    [null, "the source is null, and names nothing"],
    [5, "the source is 5, and names nothing"],
    [{}, "the source has nothing for its kind"],
    [{ kind: "oci" }, 'the source has "oci" for its kind'],
    [{ kind: "oci-layout" }, "of the kind oci-layout, has nothing for its path"],
    [{ kind: "dir", path: null }, "of the kind dir, has null for its path"],
    [{ kind: "registry" }, "has nothing for its reference"],
    [{ kind: "docker-daemon", name: 5 }, "has 5 for its name"],
    [{ kind: "stream" }, "has nothing for its bytes"],
    [{ kind: "rootfs-tar", bytes: 5 }, "has 5 for its bytes"],
  ];
  test("that names nothing is told by every function that takes one", async () => {
    for (const [source, said] of WRONG) {
      const options = { source, out: scratch("out") };
      for (const name of ["convert", "planConversion", "inspectImage", "reportImage"] as const) {
        await expectError(call(name, options), "E_USAGE", said);
      }
      await expectError(call("convertInto", new library.MemoryTarget(), options), "E_USAGE", said);
      await expectError(call("convertToStream", new WritableStream(), options), "E_USAGE", said);
      const before = { before: source, after: "oci:/nowhere" };
      for (const name of ["diffImages", "reportComparison"] as const) {
        await expectError(call(name, before), "E_USAGE", said.replace("source", "before"));
      }
    }
    expect(existsSync(scratch("out"))).toBe(false);
  });
});

describe("what is needed and not there, or of another kind,", () => {
  const source = "oci:/nowhere";
  const WRONG: readonly [keyof typeof library, unknown, string][] = [
    ["convert", { source }, "no output given"],
    ["convert", { source, out: 5 }, "no output given"],
    ["containerToVirtioDevice", { imageRef: source }, "no outputPath given"],
    ["createBundle", { source }, "no out given"],
    ["pushImage", { image: "/nowhere" }, "no reference given"],
    ["pullImage", { reference: "a/b" }, "no out given"],
    ["signImage", { reference: "a/b" }, "no keyFile given"],
    ["verifySignature", { reference: "a/b", keyFile: 5 }, "the option keyFile is 5, and no text"],
    ["openImage", undefined, "undefined is no image"],
    ["verifyImage", {}, "an object is no image"],
    ["resizeImage", undefined, "no path given"],
    ["listCache", undefined, "no folder given"],
    ["verifyCache", undefined, "no folder given"],
    ["validateBundle", undefined, "no folder given"],
    ["convertInto", undefined, "the target for the image cannot be written to"],
  ];
  for (const [name, options, said] of WRONG) {
    test(`${name}: ${said}`, () => expectError(call(name, options, { source, size: 4096 }), "E_USAGE", said));
  }

  test("is told of each option of a conversion", async () => {
    const options: readonly (readonly [object, string])[] = [
      [{ platform: null }, "the option platform is null, and no text"],
      [{ onProgress: 5 }, "the option onProgress is 5, and no function"],
      [{ edits: {} }, "the option edits is an object, and no list"],
      [{ edits: [null] }, "edit 1: undefined is no type of edit"],
      [{ launch: {} }, "no monitors given"],
      [{ layerStore: {} }, "no folder given"],
      [{ registry: [] }, "the option registry is a list, and no object"],
      [{ filesystem: { label: 5 } }, "the option label is 5, and no text"],
      [{ registry: { mirrors: "host" } }, 'the option mirrors is "host", and no list of texts'],
      [{ registry: { cacheFolder: 5 } }, "the option cacheFolder is 5, and no text"],
      [
        { profile: { name: "init", workload: { cmd: "sh" } } },
        'the option cmd is "sh", and no list of texts',
      ],
      [{ profile: { name: "init", workload: { env: ["A=1", 5] } } }, "and no list of texts"],
      [{ edits: [{ type: "remove" }] }, "edit 1"],
      [{ edits: [{ type: "chmod", path: 5, mode: 0 }] }, "the path is no text"],
      [{ edits: [{ type: "chmod", path: "/a", mode: null }] }, "null is no mode"],
      [{ edits: [{ type: "ssh-key" }] }, "has no keys"],
      [{ source: { kind: "dir", path: "/", mapUid: 5 } }, "the option mapUid is 5, and no list"],
      [{ source: { kind: "oci-layout", path: "/", select: { tag: 5 } } }, "the option tag is 5, and no text"],
      [{ profile: { name: "init", workload: "sh" } }, 'the option workload is "sh", and no object'],
    ];
    for (const [more, said] of options) {
      await expectError(call("convert", { source, out: scratch("out"), ...more }), "E_USAGE", said);
    }
  });
});

test("nothing of a cache is removed by what compares with nothing", async () => {
  const bytes = Buffer.from("a blob");
  const blob = blobPath(scratch("cache"), sha256Of(bytes));
  mkdirSync(dirname(blob), { recursive: true });
  writeFileSync(blob, bytes);
  const WRONG: readonly [unknown, string][] = [
    [[], "the options are a list"],
    [{ keepBytes: "5G" }, 'the option keepBytes is "5G", and no number of bytes'],
    [{ keepBytes: Number.NaN }, "the option keepBytes is NaN"],
    [{ olderThan: new Date("yesterday") }, "the option olderThan is an invalid Date, and no time"],
    [{ olderThan: "2020-01-01" }, 'the option olderThan is "2020-01-01", and no time'],
  ];
  for (const [options, said] of WRONG) {
    await expectError(call("pruneCache", scratch("cache"), options), "E_USAGE", said);
  }
  expect(existsSync(blob)).toBe(true);
});

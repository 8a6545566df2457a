/** Configurations that follow from images, whatever those say. */
import { describe, expect, test } from "bun:test";
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { type RuntimeSettings, runtimeConfig } from "../../src/bundle/runtime/runtime-config.ts";
import { checkConfig } from "../../src/bundle/validate/check-config.ts";
import { NO_PARAMETERS } from "../../src/oci/config.ts";
import { parseDigest } from "../../src/oci/digest.ts";
import { runBundle } from "../support/containers.ts";
import { expectError } from "../support/expect-error.ts";
import { findOracle, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { holdBySchema } from "./official-schema.ts";

const scratch = scratchFolder();
const COUNT = 300;
/** So many of them runc is given. */
const STARTED = 12;
const ACCOUNTS = {
  passwd: "root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/home/app:\n",
  group: "root:x:0:app\napp:x:1001:\naudio:x:29:app,other\n",
};
const ANYWHERE = {
  root: () => ({ usable: true }) as const,
  inContainer: (path: string) => (path.startsWith("/bin/") ? ("executable" as const) : undefined),
  onMachine: () => "executable" as const,
};

/** Texts as JSON may hold them, and as images do. */
const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 20 }),
  fc.constantFrom("a b", "%$'\"\n", "=", "é"),
);
const word = text.map((each) => each.replaceAll("\0", ""));
const folder = fc
  .array(fc.stringMatching(/^[\w .\n-]{1,8}$/), { maxLength: 3 })
  .map((names) => `/w/${names.join("/")}`);

const settings: fc.Arbitrary<RuntimeSettings> = fc
  .record({
    args: fc.array(word, { maxLength: 4 }),
    env: fc.array(
      fc.oneof(
        text,
        fc.tuple(word, word).map((pair) => pair.join("=")),
      ),
      { maxLength: 6 },
    ),
    workdir: fc.oneof(folder, fc.constantFrom("", "relative/to/root", "/w/../w")),
    user: fc.constantFrom("", "0", "app", "root", "app:audio", "1000", "12345", "0:29", "app:7", ":", "+5:"),
    labels: fc.dictionary(text, text, { maxKeys: 4 }),
    ports: fc.array(fc.stringMatching(/^\d{1,4}\/(tcp|udp)$/), { maxLength: 3 }),
    signal: fc.constantFrom("", "SIGTERM", "9", "odd"),
    author: fc.option(text, { nil: undefined }),
    version: fc.option(text, { nil: undefined }),
    features: fc.option(fc.array(word), { nil: undefined }),
    variant: fc.constantFrom(undefined, "v7"),
    hostname: fc.constantFrom(undefined, "box", "a.b-c"),
    memory: fc.option(fc.integer({ min: 2 ** 24, max: 2 ** 40 }), { nil: undefined }),
    cpus: fc.option(fc.double({ min: 0.01, max: 1, noNaN: true }), { nil: undefined }),
    readOnly: fc.boolean(),
  })
  .map((of) => ({
    image: {
      config: {
        os: "linux",
        architecture: "amd64",
        rootfs: { diff_ids: [parseDigest(`sha256:${"0".repeat(64)}`, "test")] },
        author: of.author,
        "os.version": of.version,
        "os.features": of.features,
        history: [],
        warnings: [],
        config: {
          ...NO_PARAMETERS,
          Entrypoint: ["/bin/true"],
          Cmd: of.args,
          Env: of.env,
          WorkingDir: of.workdir,
          User: of.user,
          Labels: of.labels,
          ExposedPorts: of.ports,
          StopSignal: of.signal,
        },
      },
      platform: { os: "linux", architecture: "amd64", variant: of.variant },
    },
    overrides: { hostname: of.hostname },
    accounts: ACCOUNTS,
    rootPath: "rootfs",
    terminal: false,
    readOnly: of.readOnly,
    resources: { memory: of.memory, cpus: of.cpus },
    rootless: undefined,
    warn: () => undefined,
  }));

const documents: readonly object[] = fc
  .sample(settings, { numRuns: COUNT, seed: 20 })
  .flatMap((each) => [JSON.stringify(runtimeConfig(each))])
  .map((json) => JSON.parse(json));

describe("whatever an image says, what follows from it", () => {
  test("is without fault, and has the image's own", () => {
    const errors = (document: object) =>
      checkConfig(document, ANYWHERE).map((each) => `${each.path} ${each.message}`);
    expect(documents.flatMap(errors)).toEqual([]);
    expect(documents).toHaveLength(COUNT);
  });

  testWith(["jsonschema", "runtime-spec schema"], "holds by the specification's own schema", () => {
    expect(holdBySchema(documents).filter((holds) => !holds)).toEqual([]);
  });

  test("is the same each time", () => {
    fc.assert(
      fc.property(settings, (each) => expect(runtimeConfig(each)).toEqual(runtimeConfig(turnedAround(each)))),
      { numRuns: COUNT },
    );
  });

  testWith(["runc", "busybox"], "runc starts", () => {
    mkdirSync(scratch("rootfs/bin"), { recursive: true });
    for (const name of ["proc", "sys", "dev"]) mkdirSync(scratch("rootfs", name));
    copyFileSync(findOracle("busybox") ?? "", scratch("rootfs/bin/true"));
    chmodSync(scratch("rootfs/bin/true"), 0o755);
    for (const document of documents.slice(0, STARTED)) {
      // A folder that is missing cannot be made in a root filesystem that is read-only.
      const startable = { ...document, root: { path: "rootfs", readonly: false } };
      writeFileSync(scratch("config.json"), JSON.stringify(startable));
      expect([runBundle("runc", scratch(".")), document]).toEqual([
        { status: 0, stdout: "", stderr: "" },
        document,
      ]);
    }
  });
});

/** The same settings with labels and ports in another order, as another registry may list them. */
function turnedAround(each: RuntimeSettings): RuntimeSettings {
  const { image } = each;
  if (image === undefined) return each;
  const { config } = image.config;
  const Labels = Object.fromEntries(Object.entries(config.Labels).reverse());
  const ExposedPorts = config.ExposedPorts.toReversed();
  const turned = { ...image.config, config: { ...config, Labels, ExposedPorts } };
  return { ...each, image: { ...image, config: turned } };
}

describe("a configuration", () => {
  const plain = fc.sample(settings, { numRuns: 1, seed: 1 })[0] as RuntimeSettings;

  function of(config: Partial<typeof NO_PARAMETERS>, more: Partial<RuntimeSettings> = {}) {
    const image = plain.image && {
      ...plain.image,
      config: { ...plain.image.config, config: { ...NO_PARAMETERS, ...config } },
    };
    return runtimeConfig({ ...plain, image, overrides: {}, ...more });
  }

  test("adds to the environment what is not there, at its end", () => {
    expect(of({ Env: ["A=1", "A=2", "odd", "=x"] }).process.env).toEqual([
      "A=2",
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "HOME=/root",
    ]);
    const own = ["HOME=/x", "PATH=/y", "TERM=z"];
    expect(of({ Env: own }, { terminal: true }).process.env).toEqual(own);
    expect(of({ Env: own.slice(0, 2) }, { terminal: true }).process.env).toEqual([
      ...own.slice(0, 2),
      "TERM=xterm",
    ]);
  });

  test("has the user's groups as Docker has them", () => {
    for (const [User, user] of [
      ["", { uid: 0, gid: 0, additionalGids: [0] }],
      ["app", { uid: 1000, gid: 1001, additionalGids: [1001, 0, 29] }],
      ["app:audio", { uid: 1000, gid: 29, additionalGids: [29] }],
      ["77", { uid: 77, gid: 0, additionalGids: [0] }],
    ] as const) {
      expect(of({ User }).process.user).toEqual({ ...user, additionalGids: [...user.additionalGids] });
    }
  });

  test("is refused for users who are nobody and words that no process can be given", async () => {
    await expectError(() => of({ User: "nobody" }), "E_BAD_MANIFEST", "no user 'nobody'", "--user");
    await expectError(() => of({}, { overrides: { user: "app:x" } }), "E_USAGE", "no group 'x'");
    await expectError(() => of({ Cmd: ["a\0"] }), "E_BAD_MANIFEST", "NUL byte");
  });

  test("of a user without rights has no other user, no limits and no network of its own", () => {
    const told: string[] = [];
    const warn = (message: string): void => void told.push(message);
    const { process: task, linux, mounts } = of({ User: "app" }, { rootless: { uid: 1000, gid: 100 }, warn });
    expect([task.user, linux.uidMappings, linux.gidMappings, linux.resources]).toEqual([
      { uid: 0, gid: 0 },
      [{ containerID: 0, hostID: 1000, size: 1 }],
      [{ containerID: 0, hostID: 100, size: 1 }],
      undefined,
    ]);
    expect(linux.namespaces.map(({ type }) => type)).toEqual(["pid", "ipc", "uts", "mount", "user"]);
    expect(mounts.find(({ destination }) => destination === "/sys")?.options).toContain("rbind");
    expect(mounts.flatMap(({ options }) => options).filter((option) => option.startsWith("gid="))).toEqual(
      [],
    );
    expect(told).toEqual([expect.stringContaining("the user 1000:1001 becomes 0:0")]);
  });

  test("takes a label for what it says, and no empty ones", () => {
    const Labels = { "org.opencontainers.image.os": "mine", "": "none", z: "", 1: "one" };
    expect(of({ Labels }).annotations).toMatchObject({
      "org.opencontainers.image.os": "mine",
      z: "",
      1: "one",
    });
    expect(of({ Labels }).annotations).not.toHaveProperty([""]);
  });
});

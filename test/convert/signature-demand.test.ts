import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { convert } from "../../src/convert/convert.ts";
import { planConversion } from "../../src/convert/dry-run.ts";
import { inspectImage } from "../../src/convert/inspect-image.ts";
import type { ConvertOptions } from "../../src/convert/options.ts";
import { convertDockerfile } from "../../src/dockerfile/convert-dockerfile.ts";
import { planDockerfile } from "../../src/dockerfile/dry-run.ts";
import { INDEX } from "../registry/documents.ts";
import { putSignature, sigTag } from "../registry/signing.ts";
import { withScene } from "../registry/support.ts";
import { makeSigningKey, signInLayout, simpleSigningPayload } from "../support/cosign.ts";
import { expectError } from "../support/expect-error.ts";
import { addToIndex, buildLayout, json } from "../support/layout-builder.ts";
import { run } from "../support/oracles.ts";
import { tar } from "../support/tar-builder.ts";
import { withTemporaryFolder } from "../support/temporary.ts";
import { unread } from "../support/unread.ts";

const MAIN = join(import.meta.dir, "../../src/cli/main.ts");
const KEY = makeSigningKey();
const PLATFORM = "linux/amd64";
/** Nothing of it is there: whoever reads it before the key says so. */
const SOURCES = ["oci:./none", "oci-archive:./none", "docker-archive:./none", "-", "localhost:1/none"];
const WAYS = { convert, planConversion, inspectImage } as const;

function writeKey(folder: string, key = KEY): string {
  const path = join(folder, "cosign.pub");
  writeFileSync(path, key.publicPem);
  return path;
}

function optionsFor(folder: string, named: string, verifyKeyFile: string): ConvertOptions {
  const source = named === "-" ? ({ kind: "stdin", bytes: unread() } as const) : named;
  return { source, out: join(folder, "out"), platform: PLATFORM, registry: { verifyKeyFile } };
}

describe("a demand for a signature", () => {
  for (const [way, start] of Object.entries(WAYS)) {
    for (const source of SOURCES) {
      test(`of ${way}, for ${source}, begins with the key`, () =>
        withTemporaryFolder(async (folder) => {
          const missing = join(folder, "missing.pub");
          await expectError(start(optionsFor(folder, source, missing)), "E_USAGE", missing);
          expect(readdirSync(folder)).toEqual([]);
        }));
    }

    test(`of ${way} cannot be met by a docker archive`, () =>
      withTemporaryFolder(async (folder) => {
        const options = optionsFor(folder, "docker-archive:./none", writeKey(folder));
        await expectError(start(options), "E_USAGE", "a docker archive carries none", "by its name");
        expect(existsSync(join(folder, "out"))).toBe(false);
      }));

    test(`of ${way} cannot be met by what an engine keeps`, () =>
      withTemporaryFolder(async (folder) => {
        for (const kind of ["docker-daemon", "containers-storage", "containerd"]) {
          const options = optionsFor(folder, `${kind}:none`, writeKey(folder));
          await expectError(start(options), "E_USAGE", "an engine keeps", "by its name");
        }
      }));

    test(`of ${way} is one for layouts and pulls as well`, () =>
      withScene(async ({ folder, name }) => {
        for (const source of [`oci:${join(folder, "layout")}`, name]) {
          const refused = start(optionsFor(folder, source, writeKey(folder)));
          await expectError(refused, "E_SIGNATURE", "bears no signature");
          expect(existsSync(join(folder, "out/rootfs.ext4"))).toBe(false);
        }
      }));
  }

  test("cannot be met by a build, which is not begun", () =>
    withTemporaryFolder(async (folder) => {
      writeFileSync(join(folder, "Dockerfile"), "FROM scratch\n");
      // As a caller without types may write it.
      const optionsWith = (registry: object) => {
        const more = { registry: { environment: {}, ...registry } };
        return { context: folder, out: join(folder, "out"), environment: {}, ...more };
      };
      const verifyKeyFile = writeKey(folder);
      for (const build of [convertDockerfile, planDockerfile]) {
        const missing = build(optionsWith({ verifyKeyFile: join(folder, "missing.pub") }));
        await expectError(missing, "E_USAGE", "missing.pub");
        await expectError(build(optionsWith({ offline: true })), "E_USAGE", "asking servers");
        await expectError(build(optionsWith({ verifyKeyFile })), "E_USAGE", "is built");
      }
      expect(existsSync(join(folder, "out"))).toBe(false);
    }));

  test("holds for what is told of an image that is not for the platform", () =>
    withScene(async (scene) => {
      const { folder, name, registry, built } = scene;
      const platform = { os: "linux", architecture: "amd64" };
      const index = json({ schemaVersion: 2, manifests: [{ ...built.manifest, platform }] });
      const digest = registry.putManifest(index, INDEX, "latest");
      const options = { ...optionsFor(folder, name, writeKey(folder)), platform: "linux/s390x" };
      await expectError(inspectImage(options), "E_SIGNATURE", `${digest}: bears no signature`);
      putSignature(scene, simpleSigningPayload(digest), KEY, sigTag(digest));
      expect(await inspectImage(options)).toMatchObject({
        manifests: [{ platform: PLATFORM }],
        image: undefined,
      });
    }));
});

describe("--verify-key", () => {
  const command = (folder: string, ...args: readonly string[]) =>
    run(process.execPath, [MAIN, ...args], { cwd: folder, env: { HOME: folder } });

  test("takes the layout that bears the signature, and with another key exits with 6", () =>
    withTemporaryFolder((folder) => {
      const layout = join(folder, "layout");
      const { digest } = buildLayout(layout, { layers: [tar([{ path: "a" }])], tag: "1" }).manifest;
      const signature = signInLayout(layout, simpleSigningPayload(digest), KEY);
      const annotations = { "org.opencontainers.image.ref.name": sigTag(digest) };
      addToIndex(layout, { ...signature, annotations });
      const args = ["--platform", PLATFORM, "--verify-key", writeKey(folder)];
      expect(command(folder, "convert", "oci:layout", "--out", "out", ...args).status).toBe(0);
      expect(command(folder, "inspect-image", "oci:layout", ...args).stdout).toContain(digest);
      writeKey(folder, makeSigningKey());
      for (const more of [[], ["--dry-run"]]) {
        const refused = command(folder, "convert", "oci:layout", "--out", "no", ...args, ...more);
        expect([refused.status, refused.stdout]).toEqual([6, ""]);
      }
      expect(command(folder, "inspect-image", "oci:layout", ...args).status).toBe(6);
      expect(existsSync(join(folder, "no/rootfs.ext4"))).toBe(false);
    }));

  test("is an error to every command that does not take it", () =>
    withTemporaryFolder((folder) => {
      const commands = [
        ["dockerfile", "--out", "out"],
        ["oci2gondolin", "--oci-layout", "layout", "--out", "out"],
        ["dockerfile2gondolin", "--file", "Dockerfile", "--context", ".", "--out", "out"],
        ["cache", "ls"],
      ];
      for (const args of commands) {
        const refused = command(folder, ...args, "--verify-key", writeKey(folder));
        expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining("--verify-key")]);
      }
    }));
});

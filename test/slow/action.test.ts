/** The action for GitHub, its steps as a runner takes them, with inputs of any kind. */
import { describe, expect } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Job, runAction } from "../action/runner.ts";
import { cloneTo } from "../readme/stand-ins.ts";
import { testWith } from "../support/oracles.ts";
import { PACKAGE, REPOSITORY } from "../support/package.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();
const HELLO = join(REPOSITORY, "fixtures/images/hello");
const NEEDS = ["bash", "git", "node", "npm", "tar"] as const;
/** What the first job has built and packed. */
const packed = () => join(scratch("temporary"), "docker2vm", `${PACKAGE.name}-${PACKAGE.version}.tgz`);

/** A job in a workspace of its own, the action out of a clone. What the first has installed is there for the others. */
function job(name: string, temporary = scratch("temporary")): Job {
  if (!existsSync(scratch("clone"))) cloneTo(scratch("clone"));
  mkdirSync(scratch(name));
  mkdirSync(temporary, { recursive: true });
  rmSync(join(temporary, "docker2vm/cache"), { recursive: true, force: true });
  return {
    action: join(scratch("clone"), ".github/actions/convert"),
    workspace: scratch(name),
    temporary,
    store: scratch("store"),
    env: { npm_config_prefer_offline: "true" },
    skipped: existsSync(join(temporary, "docker2vm/bin")) ? ["Install docker2vm"] : [],
  };
}

function inputs(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { image: `oci:${HELLO}`, platform: "linux/amd64", options: "--label\nmy root\r\n", ...more };
}

describe("the action", () => {
  testWith(NEEDS, "is built of its repository, converts, and takes the same from the cache", async () => {
    const first = await runAction(job("first"), inputs());
    expect(first).toMatchObject({ status: 0, outputs: { reused: "" } });
    const { path = "", metadata = "", digest, key = "" } = first.outputs;
    expect(path).toBe(join(scratch("first"), "vm/rootfs.ext4"));
    const meta = JSON.parse(readFileSync(metadata, "utf8"));
    expect(meta.filesystem.label).toBe("my root");
    expect(first.outputs["source-digest"]).toBe(meta.sourceDigest);
    expect(digest).toBe(`sha256:${createHash("sha256").update(readFileSync(path)).digest("hex")}`);
    expect(readdirSync(scratch("store"))).toEqual([`docker2vm-${key.slice("sha256:".length)}.tar`]);

    const again = await runAction(job("again"), inputs());
    expect(again).toMatchObject({ status: 0, outputs: { reused: "result-cache", digest, key } });
    const other = await runAction(job("other"), inputs({ size: "100M", fs: "ext3", cache: "false" }));
    expect(other).toMatchObject({ status: 0, outputs: { reused: "" } });
    expect(other.outputs["key"]).not.toBe(key);
    expect(readdirSync(scratch("store"))).toHaveLength(1);
  });

  testWith(NEEDS, "takes what is hostile as what it is, and nothing of it as code", async () => {
    const out = "a b\npath=/etc/shadow\n$(touch pwned)`touch pwned`; touch pwned";
    const { outputs, status } = await runAction(job("hostile"), inputs({ out }));
    expect(status).toBe(0);
    expect(outputs["path"]).toBe(join(scratch("hostile"), out, "rootfs.ext4"));
    const images = { "$(touch pwned)": 2, "--help": 2, "-": 2, "": 2, "oci:/nowhere'; touch pwned": 3 };
    for (const [image, code] of Object.entries(images)) {
      const refused = await runAction(job(`hostile-${image.length}`), inputs({ image }));
      expect([image, refused.status]).toEqual([image, code]);
    }
    for (const name of readdirSync(scratch())) expect(existsSync(join(scratch(name), "pwned"))).toBe(false);
  });

  testWith(
    NEEDS,
    "takes a package that is named, and ends with what is wrong before there is anything",
    async () => {
      const wrong = inputs({ package: packed(), fs: "btrfs" });
      const { status, said } = await runAction(job("wrong", scratch("elsewhere")), wrong);
      expect(status).toBe(2);
      expect(said).toContain("--fs");
      expect(readdirSync(scratch("wrong"))).toEqual([]);
      const unclear = inputs({ package: packed(), cache: "yes" });
      const refused = await runAction(job("unclear", scratch("elsewhere")), unclear);
      expect([refused.status, refused.said]).toEqual([2, expect.stringContaining("true or false")]);
    },
  );
});

/** The commands that look into an image take EROFS and XFS as they take ext4. */
import { beforeAll, describe, expect } from "bun:test";
import { closeSync, copyFileSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { makeErofs } from "../filesystem/erofs/read/support.ts";
import { fillSource } from "../filesystem/reading/fill-source.ts";
import { makeXfs } from "../filesystem/xfs/read/support.ts";
import { differences, kernelView, withMounted } from "../support/kernel-view.ts";
import { runOk, testWith } from "../support/oracles.ts";
import { lacksOf, type Oracle } from "../support/programs.ts";
import { scratchFolder } from "../support/scratch.ts";
import { runWith } from "./fake-host.ts";

const scratch = scratchFolder();
const ORACLES = ["mkfs.erofs", "mkfs.xfs", "loop mount", "setfattr", "setfacl", "getfattr", "tar"] as const;
const hasOracles = lacksOf(ORACLES as readonly Oracle[]).length === 0;

beforeAll(() => {
  if (!hasOracles) return;
  mkdirSync(scratch("source"));
  fillSource(scratch("source"));
  makeErofs(scratch("erofs"), ["-zlz4", "-T1600000000"], scratch("source"));
  makeXfs(scratch("xfs"), ["-L", "named"]);
  withMounted(scratch("xfs"), "rw", (folder) => runOk("cp", ["-a", `${scratch("source")}/.`, folder]), "xfs");
});

for (const kind of ["erofs", "xfs"] as const) {
  describe(kind, () => {
    testWith(ORACLES, "ls, cat and find go by paths, symlinks and all", async () => {
      const listed = await runWith(["ls", scratch(kind)]);
      expect(listed.code).toBe(0);
      expect(listed.stdout).toMatch(/^-rwsr-x--x .* small$/m);
      expect(listed.stdout).toMatch(/^lrwxrwxrwx .* short-link -> tiny$/m);
      expect(listed.stdout).toMatch(/^brw-r--r-- .* 259, 70000 .* disk$/m);
      expect((await runWith(["cat", scratch(kind), "/short-link"])).stdout).toBe("tiny");
      expect((await runWith(["cat", scratch(kind), "many/entry-number-299"])).stdout).toBe("299");
      const missing = await runWith(["cat", scratch(kind), "/nowhere"]);
      expect([missing.code, missing.stderr]).toEqual([
        3,
        expect.stringContaining("is not in the filesystem"),
      ]);
    });

    testWith(ORACLES, "what is extracted, as files and through a tar, is what was there", async () => {
      const want = withMounted(scratch(kind), "ro", kernelView, kind);
      const { code } = await runWith(["extract", scratch(kind), "/", scratch(`${kind}-files`)]);
      expect(code).toBe(0);
      // Devices and attributes do not come as files, and times to the microsecond.
      const files = kernelView(scratch(`${kind}-files`));
      for (const name of ["fifo", "null", "disk"]) expect(files.has(name)).toBe(false);
      const kept = new Map([...want].filter(([path]) => !["fifo", "null", "disk"].includes(path)));
      expect(differences(files, kept, ["xattrs", "mtime"])).toEqual([]);

      const archived = await runWith(["extract", scratch(kind), "/", "-"]);
      expect([archived.code, archived.stderr]).toEqual([0, ""]);
      mkdirSync(scratch(`${kind}-tar`));
      const options = ["-xp", "--numeric-owner", "--xattrs", "--xattrs-include=*"];
      runOk("tar", [...options, "-C", scratch(`${kind}-tar`)], {
        input: Buffer.from(archived.stdout, "latin1"),
      });
      expect(differences(kernelView(scratch(`${kind}-tar`)), want)).toEqual([]);
    });
  });
}

describe("inspect", () => {
  testWith([...ORACLES, "dump.erofs"], "tells of EROFS what dump.erofs tells", async () => {
    const { stdout } = await runWith(["inspect", scratch("erofs"), "--json"]);
    const facts = JSON.parse(stdout);
    const dumped = runOk("dump.erofs", ["-s", scratch("erofs")]);
    const field = (name: string) => new RegExp(`^${name}:\\s+(.*)$`, "m").exec(dumped)?.[1];
    expect(facts).toMatchObject({
      type: "erofs",
      clean: true,
      blockSize: 4096,
      free: 0,
      compression: ["lz4"],
    });
    expect(facts.uuid).toBe(field("Filesystem UUID"));
    expect(String(facts.inodes)).toBe(field("Filesystem inode count") ?? "");
    expect(String(facts.blocks)).toBe(field("Filesystem blocks") ?? "");
    expect(facts.created).toBe("2020-09-13T12:26:40Z");
    const text = await runWith(["inspect", scratch("erofs")]);
    expect(text.stdout).toMatch(/^Type {6}erofs, clean, never written to$/m);
    expect(text.stdout).toMatch(/^Packing {3}lz4$/m);
    expect(text.stdout).toMatch(/^Features {2}sb_chksum mtime lz4_0padding$/m);
  });

  testWith([...ORACLES, "xfs_db"], "tells of XFS what xfs_db tells", async () => {
    const { stdout } = await runWith(["inspect", scratch("xfs"), "--json"]);
    const facts = JSON.parse(stdout);
    const dumped = runOk("xfs_db", ["-r", "-c", "sb 0", "-c", "print", scratch("xfs")]);
    const field = (name: string) => new RegExp(`^${name} = "?(.*?)"?$`, "m").exec(dumped)?.[1];
    expect(facts).toMatchObject({ type: "xfs", clean: true, log: "clean", label: "named" });
    expect(facts.uuid).toBe(field("uuid"));
    for (const [name, kept] of Object.entries({
      blocks: "dblocks",
      freeBlocks: "fdblocks",
      inodes: "icount",
      freeInodes: "ifree",
      groups: "agcount",
      blocksPerGroup: "agblocks",
      logBlocks: "logblocks",
    })) {
      expect([name, String(facts[name])]).toEqual([name, field(kept) ?? ""]);
    }
    const text = await runWith(["inspect", scratch("xfs")]);
    expect(text.stdout).toMatch(/^Type {6}xfs, clean, log clean$/m);
    expect(text.stdout).toMatch(/^Features {2}finobt reflink inobtcount ftype spinodes bigtime$/m);
  });
});

describe("verify", () => {
  testWith(ORACLES, "finds nothing in a sound EROFS image, and what is wrong in another", async () => {
    const sound = await runWith(["verify", scratch("erofs")]);
    expect([sound.code, sound.stdout]).toEqual([
      0,
      expect.stringMatching(/^clean: \d+ inodes, \d+ directories\n$/),
    ]);
    copyFileSync(scratch("erofs"), scratch("broken"));
    const file = openSync(scratch("broken"), "r+");
    writeSync(file, Buffer.from("x"), 0, 1, 1024 + 64);
    closeSync(file);
    const broken = await runWith(["verify", scratch("broken")]);
    expect([broken.code, broken.stdout]).toEqual([9, "superblock: its checksum is wrong\n"]);
    expect(broken.stderr).toContain("EROFS has no other superblock");
    const listed = await runWith(["ls", scratch("broken")]);
    expect(listed.code).toBe(7);
    expect(listed.stderr).toContain("fsck.erofs");
    expect(listed.stderr).not.toContain("e2fsck");
  });

  testWith(ORACLES, "says who checks XFS", async () => {
    const { code, stdout, stderr } = await runWith(["verify", scratch("xfs")]);
    expect([code, stdout]).toEqual([7, ""]);
    expect(stderr).toContain("xfs_repair -n -f");
  });
});

testWith(
  ORACLES,
  "an XFS image whose log is not clean is refused, and read with --ignore-journal",
  async () => {
    withMounted(
      scratch("xfs"),
      "rw",
      (folder) => {
        runOk("cp", [join(folder, "tiny"), join(folder, "more")]);
        runOk("sync", [join(folder, "more")]);
        copyFileSync(scratch("xfs"), scratch("dirty"));
      },
      "xfs",
    );
    const refused = await runWith(["ls", scratch("dirty")]);
    expect(refused.code).toBe(7);
    expect(refused.stderr).toContain("mount the image and unmount it again");
    const read = await runWith(["cat", scratch("dirty"), "/tiny", "--ignore-journal"]);
    expect([read.code, read.stdout]).toEqual([0, "tiny"]);
    const inspected = await runWith(["inspect", scratch("dirty"), "--ignore-journal"]);
    expect(inspected.stdout).toMatch(/^Type {6}xfs, not clean, log needs recovery$/m);
  },
);

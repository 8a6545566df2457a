import { beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { convert } from "../../src/convert/convert.ts";
import { Docker2vmError } from "../../src/errors.ts";
import { ImageFile } from "../../src/filesystem/reading/image.ts";
import { openFilesystem } from "../filesystem/ext4/read/unpaused.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { run, runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { tar } from "../support/tar-builder.ts";
import { runWith } from "./fake-host.ts";

const scratch = scratchFolder();
const HELLO = join(import.meta.dir, "../../fixtures/images/hello");
let image: string;

beforeAll(async () => {
  const made = await convert({ source: `oci:${HELLO}`, platform: "linux/amd64", out: scratch("out") });
  image = made.rootfsPath;
});

describe("inspect", () => {
  testWith(["dumpe2fs"], "tells what dumpe2fs tells", async () => {
    const { code, stdout } = await runWith(["inspect", image, "--json"]);
    expect(code).toBe(0);
    const facts = JSON.parse(stdout);
    const dumped = runOk("dumpe2fs", ["-h", image]);
    const field = (name: string): string | undefined =>
      new RegExp(`^${name}:\\s+(.*)$`, "m").exec(dumped)?.[1];
    expect(facts.uuid).toBe(field("Filesystem UUID"));
    expect(facts.label).toBe(field("Filesystem volume name"));
    expect(String(facts.blocks)).toBe(field("Block count") ?? "");
    expect(String(facts.freeBlocks)).toBe(field("Free blocks") ?? "");
    expect(String(facts.freeInodes)).toBe(field("Free inodes") ?? "");
    expect(facts).toMatchObject({ type: "ext4", journal: "clean", clean: true });
  });

  test("has a line for each fact", async () => {
    const { stdout } = await runWith(["inspect", image]);
    expect(stdout).toContain("Type      ext4, clean, journal clean\n");
    expect(stdout).toMatch(/^Features {2}has_journal .*metadata_csum$/m);
  });
});

describe("ls", () => {
  test("shows what ls -ln shows, setuid, devices and targets included", async () => {
    const { stdout } = await runWith(["ls", image, "/usr/bin"]);
    expect(stdout).toMatch(/^-rwsr-xr-x {4}1 {5}0 {5}0 +\d+ 2024-02-29 12:00 su$/m);
    const dev = await runWith(["ls", image, "/dev"]);
    expect(dev.stdout).toMatch(/^crw------- {4}1 {5}0 {5}0 {7}5, 1 2024-02-29 12:00 console$/m);
    expect(dev.stdout).toMatch(/^brw-rw---- /m);
    expect((await runWith(["ls", image, "etc/mtab"])).stdout).toMatch(
      /^lrwxrwxrwx .* mtab -> \.\.\/proc\/self\/mounts$/m,
    );
    expect((await runWith(["ls", image])).stdout).toMatch(/^drwxrwxrwt .* tmp$/m);
  });

  test("goes down with --recursive, and gives a JSON document a line with --json", async () => {
    const { stdout } = await runWith(["ls", image, "/", "-R", "--json"]);
    const files = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(files.length).toBeGreaterThan(300);
    const hello = files.find((file) => file.path === "bin/hello");
    expect(hello).toMatchObject({ type: "file", mode: "100755", links: 2 });
    expect(files.find((file) => file.path === "sbin/init").inode).toBe(hello.inode);
  });

  test("makes names that would drive the terminal harmless", async () => {
    const { stdout } = await runWith(["ls", image, "/", "-R"]);
    // The recorder keeps bytes.
    expect(Buffer.from(stdout, "latin1").toString("utf8")).not.toMatch(/[^\P{Cc}\n]/u);
  });
});

describe("cat", () => {
  test("gives a file's bytes, holes as zeros", async () => {
    expect((await runWith(["cat", image, "/etc/hostname"])).stdout).toBe("hello-vm\n");
    const { stdout } = await runWith(["cat", image, "/sbin/init"]);
    expect(stdout).toStartWith("\x7fELF");
    expect(stdout.endsWith("hello from docker2vm\n")).toBe(true);
  });

  test("follows symlinks inside the image only, and says what is not there", async () => {
    const { code, stderr } = await runWith(["cat", image, "/etc/mtab"]);
    expect(code).toBe(3);
    expect(stderr).toContain("is not in the filesystem");
  });
});

describe("extract", () => {
  test("copies a folder out, and reports what could not come", async () => {
    const { code, stdout } = await runWith(["extract", image, "/", scratch("copy")]);
    expect(code).toBe(0);
    expect(readFileSync(scratch("copy/etc/hostname"), "utf8")).toBe("hello-vm\n");
    expect(statSync(scratch("copy/tmp")).mode & 0o7777).toBe(0o1777);
    expect(stdout).toMatch(/^left out: dev\/console: /m);
    expect(existsSync(scratch("copy/dev/console"))).toBe(false);
  });

  test("does not touch what is there", async () => {
    const { code, stderr } = await runWith(["extract", image, "/etc", scratch("copy")]);
    expect(code).toBe(8);
    expect(stderr).toContain("is not empty");
  });

  testWith(["tar"], "writes a tar to standard output, and nothing else", async () => {
    const { code, stdout, stderr } = await runWith(["extract", image, "/", "-"]);
    expect([code, stderr]).toEqual([0, ""]);
    const listed = runOk("tar", ["-tv", "--numeric-owner"], { input: Buffer.from(stdout, "latin1") });
    expect(listed).toMatch(/^crw------- 0\/0 +5,1 2024-02-29 12:00 dev\/console$/m);
    expect(listed).toMatch(/^-rwsr-xr-x .* usr\/bin\/su$/m);
  });

  testWith(["debugfs"], "tells on standard error what is not in the tar", async () => {
    copyFileSync(image, scratch("socket.ext4"));
    // S_IFSOCK where S_IFIFO was.
    runOk("debugfs", ["-w", "-R", "sif run/initctl mode 0140600", scratch("socket.ext4")]);
    const text = await runWith(["extract", scratch("socket.ext4"), "/run", "-"]);
    expect([text.code, text.stderr]).toEqual([0, "left out: initctl: a tar has no sockets\n"]);
    const json = await runWith(["extract", scratch("socket.ext4"), "/run", "-", "--json"]);
    expect(JSON.parse(json.stderr)).toEqual({ leftOut: [{ path: "initctl", why: "a tar has no sockets" }] });
  });

  test("writes no tar to a terminal", async () => {
    const terminal = { isTTY: true, write: () => Promise.reject(new Error("not to be written to")) };
    const { code, stderr } = await runWith(["extract", image, "/", "-"], {}, { stdout: terminal });
    expect(code).toBe(2);
    expect(stderr).toContain("is not written to a terminal");
    expect(stderr).toContain("tar -t");
  });
});

describe("verify", () => {
  test("finds nothing in what convert made", async () => {
    const { code, stdout } = await runWith(["verify", image]);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^clean: \d+ inodes, \d+ directories\n$/)]);
  });

  test("names what is wrong and exits with 9", async () => {
    copyFileSync(image, scratch("broken.ext4"));
    // A bit in the first group's descriptor.
    writeSync(openSync(scratch("broken.ext4"), "r+"), new Uint8Array([0xaa]), 0, 1, 4096 + 0x0c);
    const { code, stdout, stderr } = await runWith(["verify", scratch("broken.ext4")]);
    expect(code).toBe(9);
    expect(stdout).toMatch(/group .*0/);
    expect(stderr).toMatch(/^error: .*broken\.ext4: \d+ faults? found\n/);
  });
});

describe("an image whose journal holds changes", () => {
  /** An image with one transaction, written by debugfs: another /etc/hostname. */
  function makeDirty(): string {
    const dirty = scratch("dirty.ext4");
    copyFileSync(image, dirty);
    const block = runOk("debugfs", ["-R", "bmap /etc/hostname 0", dirty]).trim();
    writeFileSync(scratch("block"), Buffer.concat([Buffer.from("journaled"), Buffer.alloc(4087)]));
    writeFileSync(scratch("requests"), `jo -c\njw -b ${block} ${scratch("block")}\njc\n`);
    runOk("debugfs", ["-w", "-f", scratch("requests"), dirty]);
    return dirty;
  }

  testWith(["debugfs", "e2fsck"], "is read as after a replay, which is said, and not changed", async () => {
    const dirty = makeDirty();
    const before = readFileSync(dirty);
    const said = "the journal was replayed in memory: 1 block of 1 transaction; the file is unchanged\n";
    const replay = { transactions: 1, blocks: 1, revoked: 0 };
    for (const [args, stdout] of [
      [["cat", dirty, "/etc/hostname"], /^journaled$/],
      [["ls", dirty, "/etc", "--json"], /^{"path":"hostname"/m],
      [["inspect", dirty], /^Type {6}ext4, not clean, journal replayed in memory$/m],
      [["verify", dirty], /^clean: \d+ inodes/],
      [["extract", dirty, "/etc", scratch("journaled")], /^\d+ files/],
      [["extract", dirty, "/etc", "-"], /ustar/],
    ] as const) {
      const ran = await runWith(args);
      expect([args, ran.code, ran.stderr]).toEqual([args, 0, said]);
      expect(ran.stdout).toMatch(stdout);
    }
    for (const command of ["inspect", "verify"]) {
      const { code, stdout, stderr } = await runWith([command, dirty, "--json"]);
      expect([code, stderr]).toEqual([0, ""]);
      expect(JSON.parse(stdout)).toMatchObject({ replay });
    }
    const extracted = await runWith(["extract", dirty, "/etc", scratch("as-json"), "--json"]);
    expect([JSON.parse(extracted.stdout).replay, extracted.stderr]).toEqual([replay, ""]);
    const tar = await runWith(["extract", dirty, "/etc", "-", "--json"]);
    expect(JSON.parse(tar.stderr)).toEqual({ leftOut: [], replay });
    expect(Buffer.compare(readFileSync(dirty), before)).toBe(0);
  });

  testWith(["debugfs"], "is read as it is with --ignore-journal", async () => {
    const dirty = makeDirty();
    const { code, stdout, stderr } = await runWith(["cat", dirty, "/etc/hostname", "--ignore-journal"]);
    expect([code, stdout, stderr]).toEqual([0, "hello-vm\n", ""]);
    const inspected = await runWith(["inspect", dirty, "--ignore-journal"]);
    expect(inspected.stdout).toMatch(/^Type {6}ext4, not clean, journal needs recovery$/m);
  });

  testWith(["debugfs"], "with a damaged log is an error that says so", async () => {
    const dirty = makeDirty();
    const { fields } = openFilesystem(new ImageFile(dirty), { ignoreJournal: true }).superblock;
    const block = runOk("debugfs", ["-R", `bmap <${fields.s_journal_inum}> 3`, dirty]).trim();
    // A byte of the commit block's checksum, which is another one each time.
    const at = Number(block) * 4096 + 0x12;
    const changed = new Uint8Array([~(readFileSync(dirty)[at] ?? 0)]);
    writeSync(openSync(dirty, "r+"), changed, 0, 1, at);
    const listed = await runWith(["ls", dirty]);
    expect([listed.code, listed.stdout]).toEqual([7, ""]);
    expect(listed.stderr).toContain("journal: the checksum of its transaction 1 is wrong");
    expect(listed.stderr).toContain("--ignore-journal");
    const verified = await runWith(["verify", dirty]);
    expect([verified.code, verified.stdout]).toEqual([
      9,
      "journal: the checksum of its transaction 1 is wrong\n",
    ]);
  });
});

describe("a reader that goes away early", () => {
  test.each(["cat", "extract"])("ends %s at once, quietly and with 0", async (command) => {
    const layout = scratch(`large-${command}`);
    buildLayout(layout, { layers: [tar([{ path: "f", data: randomBytes(8 << 20) }])] });
    const made = await convert({
      source: `oci:${layout}`,
      platform: "linux/amd64",
      out: scratch(`of-${command}`),
    });
    const main = join(import.meta.dir, "../../src/cli/main.ts");
    const line = [
      process.execPath,
      main,
      command,
      made.rootfsPath,
      "/f",
      ...(command === "cat" ? [] : ["-"]),
    ];
    const script = '"$@" | head -c 1000 | wc -c; exit $PIPESTATUS';
    expect(run("bash", ["-c", script, "bash", ...line])).toEqual({
      status: 0,
      stdout: "1000\n",
      stderr: "",
    });
  });
});

describe("a signal", () => {
  for (const [command, left] of [
    ["ls IMAGE", ": the list is not complete"],
    ["cat IMAGE /etc/hostname", ": the file was not written to its end"],
    ["extract IMAGE /etc -", ": the tar is not complete"],
    ["extract IMAGE /etc DEST", ": what was copied so far is in DEST"],
    ["verify IMAGE", ": the check did not come to its end"],
  ] as const) {
    test(`that came before ends ${command} before its end`, async () => {
      const signal = AbortSignal.abort(new Docker2vmError("E_TERMINATED", "stopped by SIGTERM"));
      const placed = (text: string) => text.replace("IMAGE", image).replace("DEST", scratch("stopped"));
      const ran = await runWith(placed(command).split(" "), {}, { signal });
      expect(ran).toMatchObject({ code: 143, stderr: `error: stopped by SIGTERM${placed(left)}\n` });
      expect(ran.stdout).toBe("");
    });
  }

  test("ends an extraction under way: what was copied stays, and is said", async () => {
    const layout = scratch("many");
    const entries = Array.from({ length: 20_000 }, (_, i) => ({ path: `d${i % 50}/f${i}`, data: `${i}` }));
    buildLayout(layout, { layers: [tar(entries)] });
    const out = scratch("of-many");
    const { rootfsPath } = await convert({ source: `oci:${layout}`, platform: "linux/amd64", out });
    const main = join(import.meta.dir, "../../src/cli/main.ts");
    const destination = scratch("under-way");
    const child = Bun.spawn([process.execPath, main, "extract", rootfsPath, "/", destination], {
      stdout: "pipe",
      stderr: "pipe",
    });
    while (!existsSync(join(destination, "d1"))) await Bun.sleep(1);
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
    expect(await new Response(child.stdout).text()).toBe("");
    expect(await new Response(child.stderr).text()).toBe(
      `error: stopped by SIGINT: what was copied so far is in ${destination}\n`,
    );
    const folders = readdirSync(destination);
    expect(folders).toContain("d1");
    expect(folders.length).toBeLessThan(51);
    for (const name of readdirSync(join(destination, "d0")))
      expect(`f${readFileSync(join(destination, "d0", name), "latin1")}`).toBe(name);
  });
});

describe("a file that is no filesystem", () => {
  const commands = ["inspect", "ls", "cat", "extract"] as const;
  for (const command of commands) {
    test(`is named by ${command}, with a hint that is for such a file`, async () => {
      for (const bytes of [tar([{ path: "a", data: "a".repeat(5000) }]), Buffer.from("short")]) {
        writeFileSync(scratch("image.tar"), bytes);
        const more = { inspect: [], ls: [], cat: ["/a"], extract: ["/a", scratch("nowhere")] }[command];
        const { code, stderr } = await runWith([command, scratch("image.tar"), ...more]);
        expect(stderr).toStartWith(`error: ${scratch("image.tar")}: superblock: the image `);
        expect(stderr).toContain("'docker2vm convert' makes filesystems of them");
        expect(stderr).not.toContain("e2fsck");
        expect(code).toBe(7);
      }
    });
  }
});

test("what is not in a filesystem, or wrong in it, is told with the file that it is in", async () => {
  const { stderr } = await runWith(["cat", image, "/nowhere"]);
  expect(stderr).toStartWith(`error: ${image}: `);
  copyFileSync(image, scratch("damaged.ext4"));
  const file = openSync(scratch("damaged.ext4"), "r+");
  // s_log_block_size
  writeSync(file, new Uint8Array([0xff]), 0, 1, 1024 + 0x18);
  closeSync(file);
  const ran = await runWith(["ls", scratch("damaged.ext4")]);
  expect(ran.stderr).toStartWith(`error: ${scratch("damaged.ext4")}: superblock: `);
  expect(ran.stderr).toContain("e2fsck");
});

describe("words and images that do not fit", () => {
  const cases: readonly [args: string[], code: number, said: string][] = [
    [["ls"], 2, "no IMAGE given"],
    [["cat", "IMG"], 2, "no PATH given"],
    [["verify", "IMG", "more"], 2, '"more" is one word too many'],
    [["inspect", "IMG", "--force"], 2, "unknown option --force"],
    [["inspect", "/nowhere/image"], 3, "no such file"],
    [["inspect", join(HELLO, "index.json")], 7, ""],
  ];
  for (const [args, code, said] of cases) {
    test(`${args
      .slice(0, 3)
      .map((arg) => arg.split("/").at(-1))
      .join(" ")} exits with ${code}`, async () => {
      const ran = await runWith(args.map((arg) => (arg === "IMG" ? image : arg)));
      expect(ran.code).toBe(code);
      expect(ran.stderr).toContain(said);
    });
  }
});

describe("a hint leads on", () => {
  const INSPECT_IMAGE = "'docker2vm inspect-image' looks at container images";
  const cases: readonly [args: string[], code: number, hint: string][] = [
    [["inspect", join(HELLO, "index.json")], 7, INSPECT_IMAGE],
    [
      ["inspect", join(import.meta.dir, "filesystem.test.ts")],
      7,
      "not a disk with partitions, not a qcow2 file",
    ],
    [["inspect", "alpine:3.20"], 3, INSPECT_IMAGE],
    [["ls", "FOLDER"], 7, "name the file that holds the filesystem, as FOLDER/rootfs.ext4"],
    [["ls", "IMG", "/nope"], 3, "'docker2vm ls IMAGE PATH' tells what is there"],
    [["cat", "IMG", "/etc"], 2, "'docker2vm ls' lists a directory, 'docker2vm extract' copies what is in it"],
    [["extract", "IMG", "/etc", "IMG"], 8, "name a folder that is empty or not there"],
    [["extract", "IMG", "/etc", "IMG/below"], 8, "name a folder that is empty or not there"],
    [["verify", join(HELLO, "index.json")], 9, "is it the raw image of one filesystem?"],
  ];
  for (const [args, code, hint] of cases) {
    test(`of ${args.map((arg) => arg.split("/").at(-1)).join(" ")}`, async () => {
      const folder = dirname(image);
      const placed = (text: string) => text.replace(/^IMG/, image).replace("FOLDER", folder);
      const ran = await runWith(args.map(placed));
      expect(ran.code).toBe(code);
      expect(ran.stderr.split("\n  hint: ")[1]).toContain(placed(hint));
    });
  }
});

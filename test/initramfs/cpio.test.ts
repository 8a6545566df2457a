/** Archives of kernel modules, unpacked by others. */
import { expect, test } from "bun:test";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { type CpioFile, cpioArchive } from "../../src/initramfs/cpio.ts";
import { runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();

const FILES: readonly CpioFile[] = [
  file("/lib/modules/6.1/kernel/a.ko.gz", "A".repeat(5)),
  file("/lib/modules/6.1/kernel/net/b.ko", "B".repeat(4096)),
  file("/lib/modules/6.1/empty.ko", ""),
  { ...file("/init", "#!/bin/sh\n"), executable: true },
];
const FOLDERS = [
  "lib",
  "lib/modules",
  "lib/modules/6.1",
  "lib/modules/6.1/kernel",
  "lib/modules/6.1/kernel/net",
];

function file(path: string, text: string): CpioFile {
  const bytes = Buffer.from(text);
  return {
    path,
    executable: false,
    size: bytes.length,
    pieces: () => [bytes.subarray(0, 3), bytes.subarray(3)],
  };
}

function archive(files: readonly CpioFile[]): Buffer {
  return Buffer.concat([...cpioArchive(files)]);
}

test("it fills whole blocks and is the same every time", () => {
  expect(archive(FILES).length % 512).toBe(0);
  expect(archive(FILES).equals(archive(FILES))).toBe(true);
  expect(archive([]).length).toBe(512);
});

test("each header stands at a multiple of four bytes, and numbers no two files alike", () => {
  const text = archive(FILES).toString("latin1");
  const heads = [...text.matchAll(/070701([0-9A-F]{8})/g)];
  expect(heads.length).toBe(FOLDERS.length + FILES.length + 1);
  expect(heads.every((head) => head.index % 4 === 0)).toBe(true);
  expect(new Set(heads.map((head) => head[1])).size).toBe(heads.length);
});

for (const unpacker of [["cpio"], ["busybox", "cpio"]] as const) {
  testWith(
    [unpacker[0]],
    `${unpacker.join(" ")} finds the folders before their files, and every byte`,
    () => {
      const [program, ...applet] = unpacker;
      const input = archive(FILES);
      const listed = runOk(program, [...applet, "-t"], { input })
        .trim()
        .split("\n");
      expect(listed).toEqual([...FOLDERS, ...FILES.map(({ path }) => path.slice(1))]);
      const folder = scratch(program);
      mkdirSync(folder);
      runOk(program, [...applet, "-idm"], { cwd: folder, input });
      for (const { path, executable, pieces } of FILES) {
        expect(readFileSync(`${folder}${path}`).equals(Buffer.concat([...pieces()]))).toBe(true);
        expect(statSync(`${folder}${path}`).mode & 0o777).toBe(executable ? 0o755 : 0o644);
      }
      expect(statSync(`${folder}/lib/modules`).mode & 0o777).toBe(0o755);
      expect(statSync(`${folder}/init`).mtimeMs).toBe(0);
    },
  );
}

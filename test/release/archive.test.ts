/** Archives, and what those of executables hold. */
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { unzipSync } from "fflate";
import { gzip, type Member, tarOf, zipOf } from "../../src/release/archive.ts";
import { executableArchive, withFolders } from "../../src/release/executable-archive.ts";
import { targetNamed } from "../support/executables.ts";
import { run, runOk, testWith } from "../support/oracles.ts";
import { PACKAGE } from "../support/package.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();
const TIME = 1_600_000_000;
const MEMBERS: readonly Member[] = [
  { path: "it/bin/program", contents: { bytes: Buffer.from("runs"), executable: true } },
  { path: "it/bin/other", contents: { link: "program" } },
  { path: "it/doc", contents: { bytes: Buffer.from("reads") } },
  { path: "work", contents: "folder", owner: 1000 },
];

testWith(["tar"], "a tar has owners, modes, links and times as told", async () => {
  const path = scratch("it.tar.gz");
  writeFileSync(path, gzip(await tarOf(withFolders(MEMBERS), TIME)));
  const listed = runOk("tar", ["--utc", "--full-time", "--numeric-owner", "-tvzf", path]);
  const time = "2020-09-13 12:26:40";
  expect(listed.trim().split("\n")).toEqual([
    `drwxr-xr-x 0/0               0 ${time} it/`,
    `drwxr-xr-x 0/0               0 ${time} it/bin/`,
    `lrwxrwxrwx 0/0               0 ${time} it/bin/other -> program`,
    `-rwxr-xr-x 0/0               4 ${time} it/bin/program`,
    `-rw-r--r-- 0/0               5 ${time} it/doc`,
    `drwxr-xr-x 1000/1000         0 ${time} work/`,
  ]);
});

test("a zip says the nearest of its years where the time has another", () => {
  for (const [seconds, year] of [
    [0, 1980],
    [TIME, 2020],
    [9_999_999_999, 2099],
  ] as const) {
    const bytes = zipOf(MEMBERS, seconds);
    // APPNOTE.TXT 4.3.7 and 4.4.6: the date of the first member's header, years from 1980 in its highest bits.
    const date = new DataView(bytes.buffer, bytes.byteOffset).getUint16(12, true);
    expect([seconds, 1980 + (date >> 9)]).toEqual([seconds, year]);
  }
});

test("a zip has the files, and the same bytes in every zone", () => {
  const bytes = zipOf(MEMBERS, TIME);
  const files = unzipSync(bytes);
  expect(Object.entries(files).map(([name, file]) => [name, Buffer.from(file).toString()])).toEqual([
    ["it/bin/program", "runs"],
    ["it/doc", "reads"],
  ]);
  // In New York there was no such hour on that day.
  const skipped = Date.UTC(2026, 2, 8, 2, 30) / 1000;
  const program = `
    import { zipOf } from ${JSON.stringify(`${import.meta.dir}/../../src/release/archive.ts`)};
    for (const time of [${TIME}, ${skipped}]) {
      const bytes = zipOf([{ path: "it", contents: { bytes: Buffer.from("is") } }], time);
      console.log(Buffer.from(bytes).toString("hex"));
    }`;
  const inZone = (TZ: string) => run(process.execPath, ["-e", program], { env: { TZ } }).stdout;
  expect(inZone("Asia/Tokyo")).toBe(inZone("America/New_York"));
  expect(inZone("Asia/Tokyo").length).toBeGreaterThan(100);
});

testWith(
  ["tar"],
  "an archive has the executable, documents, and where they are known links, pages and completion",
  async () => {
    const papers = { dependencies: "none\n", seconds: TIME };
    const bytes = Buffer.from("the executable");
    const folder = (target: string): string => `docker2vm-${PACKAGE.version}-${target}`;
    const mac = await executableArchive(targetNamed("darwin-x64"), bytes, papers);
    expect(mac.name).toBe(`${folder("darwin-x64")}.tar.gz`);
    writeFileSync(scratch(mac.name), mac.bytes);
    const listed = runOk("tar", ["-tzf", scratch(mac.name)]).split("\n");
    for (const path of [
      "bin/docker2vm",
      "bin/oci2gondolin",
      "share/man/man1/docker2vm.1",
      "share/doc/docker2vm/LICENSE",
    ])
      expect(listed).toContain(`${folder("darwin-x64")}/${path}`);
    const windows = await executableArchive(targetNamed("windows-x64"), bytes, papers);
    expect(windows.name).toBe(`${folder("windows-x64")}.zip`);
    const files = unzipSync(windows.bytes);
    expect(Object.keys(files)).toEqual(
      ["docker2vm.exe", "LICENSE", "README.md", "DEPENDENCIES.txt"].map(
        (name) => `${folder("windows-x64")}/${name}`,
      ),
    );
    expect(Buffer.from(files[`${folder("windows-x64")}/docker2vm.exe`] ?? "")).toEqual(bytes);
  },
);

/** Images of mkfs.xfs that a kernel worked in. */
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ImageFile } from "../../../../src/filesystem/reading/image.ts";
import { openXfs, type XfsFilesystem } from "../../../../src/filesystem/xfs/read/filesystem.ts";
import { withMounted } from "../../../support/kernel-view.ts";
import { runOk } from "../../../support/oracles.ts";
import { fillSource } from "../../reading/fill-source.ts";

/** Runs `body` with a new folder and removes that afterwards. */
export function withFolder<T>(body: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "xfs-reader-"));
  try {
    return body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs `body` with the filesystem in a file. */
export function withFilesystem<T>(path: string, body: (filesystem: XfsFilesystem) => T): T {
  const image = new ImageFile(path);
  try {
    return body(openXfs(image));
  } finally {
    image.close();
  }
}

/** An empty filesystem. */
export function makeXfs(path: string, options: readonly string[], size = "700M"): void {
  writeFileSync(path, "");
  runOk("truncate", ["-s", size, path]);
  runOk("mkfs.xfs", ["-q", ...options, path]);
}

/** Has the kernel put every kind of file in it, in every form that there is of directories, attributes and contents. */
export function populate(path: string): void {
  withMounted(path, "rw", churn, "xfs");
}

function churn(folder: string): void {
  fillSource(folder);
  makeDirectories(folder);
  makeAttributes(folder);
  makeContents(folder);
  symlinkSync(
    `${"l".repeat(200)}/${"m".repeat(200)}/${"n".repeat(200)}/${"o".repeat(200)}`,
    join(folder, "far"),
  );
  symlinkSync("p/".repeat(511), join(folder, "farthest"));
}

/** In the inode, in a block, with one leaf, with nodes; with gaps from what was removed again. */
function makeDirectories(folder: string): void {
  for (const [name, count] of Object.entries({ three: 3, forty: 40, hundreds: 400, thousands: 5000 })) {
    const directory = join(folder, name);
    mkdirSync(directory);
    for (let i = 0; i < count; i++) writeFileSync(join(directory, `a file of ${name}, number ${i}`), "");
    for (let i = 0; i < count; i += 3) unlinkSync(join(directory, `a file of ${name}, number ${i}`));
    for (let i = 0; i < count; i += 9) writeFileSync(join(directory, `another ${i}`), `${i}`);
  }
}

/** In the inode, in a leaf, in many leaves; values in blocks of their own. */
function makeAttributes(folder: string): void {
  const set = (name: string, value: string, file: string) =>
    runOk("setfattr", ["-n", name, "-v", value, join(folder, file)]);
  for (const file of ["few", "lots", "long", "longest"]) writeFileSync(join(folder, file), file);
  set("user.one", "1", "few");
  set("trusted.two", "2", "few");
  set("security.three", "3", "few");
  for (let i = 0; i < 120; i++) set(`user.attribute-number-${i}`, "v".repeat(5 * i), "lots");
  for (let i = 0; i < 120; i += 4) {
    runOk("setfattr", ["-x", `user.attribute-number-${i}`, join(folder, "lots")]);
  }
  set("user.local", "w".repeat(3000), "long");
  set("user.elsewhere", "x".repeat(5000), "long");
  // No argument of a program can be as long.
  const input = `# file: longest\nuser.largest=0x${"ab".repeat(65_536)}\n`;
  runOk("setfattr", ["--restore=-"], { cwd: folder, input });
  set("trusted.of-folder", "y".repeat(4040), "hundreds");
}

/** In one extent, in many, in a tree; unwritten, shared, with holes at every place. */
function makeContents(folder: string): void {
  const scattered = openSync(join(folder, "scattered"), "w");
  for (let i = 0; i < 1500; i++) writeSync(scattered, `block ${i}`, i * 8192);
  closeSync(scattered);
  const some = openSync(join(folder, "some"), "w");
  for (let i = 0; i < 15; i++) writeSync(some, `block ${i}`, i * 100_000);
  closeSync(some);
  runOk("fallocate", ["-l", "3000000", join(folder, "unwritten")]);
  const written = openSync(join(folder, "unwritten"), "r+");
  writeSync(written, "here", 1_000_000);
  closeSync(written);
  runOk("truncate", ["-s", "10000001", join(folder, "hollow")]);
  runOk("cp", ["--reflink=auto", join(folder, "large"), join(folder, "shared")]);
  const shared = openSync(join(folder, "shared"), "r+");
  writeSync(shared, "other", 300_000);
  closeSync(shared);
}

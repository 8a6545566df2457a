/** Images of few MiB with all kinds of metadata, for tests that damage them. */
import {
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { run, runOk } from "../../../support/oracles.ts";
import { makeForeign, withFolder } from "./support.ts";

/** An image of 4 MiB by mke2fs, with indexed directories by e2fsck -D. */
export function smallImage(options: string): Uint8Array {
  return withFolder((folder) => {
    const source = join(folder, "source");
    const path = join(folder, "image");
    mkdirSync(source);
    fillSmall(source);
    makeForeign(path, "4M", options.split(" "), source);
    // Says 1 for what it changed.
    run("e2fsck", ["-fyD", path]);
    runOk("e2fsck", ["-fn", path]);
    return new Uint8Array(readFileSync(path));
  });
}

function fillSmall(folder: string): void {
  mkdirSync(join(folder, "many"));
  mkdirSync(join(folder, "sub/deeper"), { recursive: true });
  for (let i = 0; i < 160; i++)
    writeFileSync(join(folder, "many", `a-name-that-takes-some-room-${i}`), `${i}`);
  writeFileSync(join(folder, "sub/deeper/file"), "contents");
  linkSync(join(folder, "sub/deeper/file"), join(folder, "linked"));
  symlinkSync("short", join(folder, "short-link"));
  symlinkSync("y".repeat(90), join(folder, "long-link"));
  runOk("mknod", [join(folder, "null"), "c", "1", "3"]);
  runOk("mknod", [join(folder, "disk"), "b", "259", "70000"]);
  runOk("mknod", [join(folder, "fifo"), "p"]);
  const fd = openSync(join(folder, "scattered"), "w");
  for (let i = 0; i < 40; i++) writeSync(fd, `run ${i}`, i * 8192);
  closeSync(fd);
  runOk("setfattr", ["-n", "user.long", "-v", "q".repeat(400), join(folder, "linked")]);
  runOk("setfattr", ["-n", "user.short", "-v", "bbb", join(folder, "sub")]);
}

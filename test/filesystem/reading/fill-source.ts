/** A folder with every kind of file that an image can be made of. */
import {
  chmodSync,
  closeSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { runOk } from "../../support/oracles.ts";

/** A second without fractions: mke2fs -d copies no nanoseconds. */
const WHOLE_SECOND = 1_600_000_000;

/** Fills a folder with every kind of file that an image can be made of. */
export function fillSource(folder: string): void {
  mkdirSync(join(folder, "many"));
  mkdirSync(join(folder, "sub/deeper/deepest"), { recursive: true });
  mkdirSync(join(folder, "empty"));
  for (let i = 0; i < 300; i++) writeFileSync(join(folder, "many", `entry-number-${i}`), `${i}`);
  writeFileSync(join(folder, "tiny"), "tiny");
  writeFileSync(join(folder, "small"), "s".repeat(130));
  writeFileSync(join(folder, "nothing"), "");
  writeFileSync(
    join(folder, "large"),
    Buffer.from({ length: 700_001 } as ArrayLike<number>).map((_, i) => i % 251),
  );
  const holes = openSync(join(folder, "holes"), "w");
  for (const at of [0, 50_000, 900_000, 6_000_000]) writeSync(holes, `at ${at}`, at);
  closeSync(holes);
  linkSync(join(folder, "tiny"), join(folder, "sub/deeper/another name"));
  symlinkSync("tiny", join(folder, "short-link"));
  symlinkSync("x".repeat(59), join(folder, "longest-in-inode"));
  symlinkSync("y".repeat(60), join(folder, "shortest-in-block"));
  symlinkSync("z/".repeat(400), join(folder, "long-link"));
  writeFileSync(Buffer.from(`${folder}/caf\xe9 \xff`, "latin1"), "bytes");
  for (const [name, ...numbers] of [
    ["fifo", "p"],
    ["null", "c", "1", "3"],
    ["disk", "b", "259", "70000"],
  ] as const) {
    runOk("mknod", [join(folder, name), ...numbers]);
  }
  chmodSync(join(folder, "small"), 0o4751);
  chmodSync(join(folder, "empty"), 0o1777);
  runOk("chown", ["70000:3000000000", join(folder, "large")]);
  runOk("setfattr", ["-n", "user.short", "-v", "value", join(folder, "tiny")]);
  runOk("setfattr", ["-n", "user.long", "-v", "v".repeat(700), join(folder, "large")]);
  runOk("setfattr", ["-n", "user.none", join(folder, "large")]);
  runOk("setfacl", ["-m", "u:1000:rw,g:70000:x", join(folder, "tiny")]);
  runOk("setfacl", ["-d", "-m", "u:1000:rwx", join(folder, "sub")]);
  settle(folder);
}

/** Gives everything whole seconds. */
function settle(folder: string): void {
  const names = readdirSync(folder, { recursive: true, encoding: "buffer" });
  for (const name of names) {
    const path = Buffer.concat([Buffer.from(`${folder}/`), name]);
    lutimesSync(path, WHOLE_SECOND, WHOLE_SECOND);
  }
  lutimesSync(folder, WHOLE_SECOND, WHOLE_SECOND);
}

/** An output's name that is a symlink's: whoever replaces it replaces the link, and what it leads to is nobody's output. */
import { beforeAll, describe, expect, test } from "bun:test";
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { configWithin, vmlinux } from "../kernel/images.ts";
import { run } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();
const MAIN = join(import.meta.dir, "../../src/cli/main.ts");
const HELLO = `oci:${join(import.meta.dir, "../../fixtures/images/hello")}`;
const PLATFORM = ["--platform", "linux/amd64"];
const kernel = (): string => scratch("vmlinux");
const out = (name: string): string => scratch("out", name);

beforeAll(() => {
  writeFileSync(kernel(), vmlinux("amd64", configWithin("6.6.1", "CONFIG_EXT4_FS=y\n")));
  mkdirSync(scratch("target"));
  writeFileSync(scratch("target", "file"), "mine");
});

const COMMANDS: readonly (readonly [what: string, name: string, args: () => readonly string[]])[] = [
  ["convert --output", "x.img", () => ["convert", HELLO, ...PLATFORM, "--output", out("x.img")]],
  ["convert --out", "rootfs.ext4", () => ["convert", HELLO, ...PLATFORM, "--out", out("")]],
  ["report --out", "x.html", () => ["report", HELLO, ...PLATFORM, "--out", out("x.html")]],
  ["kernel --extract", "vmlinuz", () => ["kernel", kernel(), "--extract", out("vmlinuz")]],
  ["bundle create", "config.json", () => bundle()],
  ["bundle create, a folder", "rootfs", () => bundle()],
];

function bundle(): readonly string[] {
  const rootless = process.getuid?.() === 0 ? [] : ["--rootless"];
  return ["bundle", "create", HELLO, ...PLATFORM, ...rootless, "--out", out("")];
}

function docker2vm(args: readonly string[]) {
  return run(process.execPath, [MAIN, ...args], { cwd: scratch() });
}

describe("a link in an output's place", () => {
  for (const [what, name, args] of COMMANDS) {
    for (const leads of ["to what is there", "nowhere"] as const) {
      test(`${what}: it leads ${leads}`, () => {
        rmSync(scratch("out"), { recursive: true, force: true });
        mkdirSync(scratch("out"));
        const target = scratch("target", leads === "nowhere" ? "none" : name === "rootfs" ? "" : "file");
        symlinkSync(target, out(name));
        expect(docker2vm(args())).toMatchObject({
          status: 8,
          stderr: expect.stringContaining("exists already"),
        });
        expect(lstatSync(out(name)).isSymbolicLink()).toBe(true);
        if (name === "rootfs" && leads === "nowhere") return;
        expect(docker2vm([...args(), "--force"])).toMatchObject({ status: 0 });
        expect(lstatSync(out(name)).isSymbolicLink()).toBe(false);
        expect(statSync(out(name)).size).toBeGreaterThan(0);
        expect(readdirSync(scratch("target"))).toEqual(["file"]);
        expect(readFileSync(scratch("target", "file"), "utf8")).toBe("mine");
      });
    }
  }
});

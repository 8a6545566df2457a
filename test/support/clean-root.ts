/** Root filesystems with a C library and nothing else, and programs run in them as root. */
import { cpSync, existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Outcome, run, runOk } from "./oracles.ts";

/** What `runIn` needs. */
export const ROOT_ORACLES = ["chroot", "pid namespace", "dpkg"] as const;

/** Debian's libc6 below `root`, which is made. */
export function debianRoot(root: string): void {
  const files = installedFiles("libc6").filter((path) => /^(?:\/usr)?\/lib/.test(path));
  for (const path of files) copyTo(root, path);
  mkdirSync(join(root, "proc"));
}

/**
 * Debian's musl below `root`, which is made, with GNU's C++ library. That one is built for glibc: what it wants of glibc
 * beyond C comes from a library of a few symbols, under the name of glibc's loader. For x64.
 */
export function muslRoot(root: string): void {
  for (const path of installedFiles("musl").filter((each) => each.startsWith("/lib/"))) copyTo(root, path);
  for (const [name, owner] of [
    ["libstdc++.so.6", "libstdc++6"],
    ["libgcc_s.so.1", "libgcc-s1"],
  ] as const) {
    const found = installedFiles(owner).find((path) => path.endsWith(`/${name}`)) ?? name;
    cpSync(found, join(root, "lib", name), { dereference: true });
  }
  const assembly = join(root, "glibc.s");
  writeFileSync(assembly, GLIBC_SYMBOLS);
  const object = `${assembly}.o`;
  const library = "ld-linux-x86-64.so.2";
  runOk("as", ["-o", object, assembly]);
  runOk("ld", ["-shared", "-soname", library, "-o", join(root, "lib", library), object]);
  mkdirSync(join(root, "proc"));
}

/** What musl lacks of what libstdc++ and libgcc_s ask for: none of it is called but where nothing comes of it. */
const GLIBC_SYMBOLS = `
  .text
  .globl _dl_find_object
_dl_find_object:
  movl $-1, %eax
  ret
  .globl __cxa_thread_atexit_impl
__cxa_thread_atexit_impl:
  .globl __cpu_indicator_init
__cpu_indicator_init:
  .globl arc4random
arc4random:
  xorl %eax, %eax
  ret
  .globl __strftime_l
__strftime_l:
  jmp strftime_l@PLT
  .bss
  .globl __cpu_model
__cpu_model: .skip 16
  .globl __libc_single_threaded
__libc_single_threaded: .skip 1
  .section .note.GNU-stack
`;

/** Runs a program in a root filesystem, with /proc as every system has it. */
export function runIn(root: string, program: readonly string[]): Outcome {
  return run("unshare", ["-pf", `--mount-proc=${join(root, "proc")}`, "chroot", root, ...program]);
}

function installedFiles(owner: string): readonly string[] {
  return runOk("dpkg", ["-L", owner]).trim().split("\n");
}

function copyTo(root: string, path: string): void {
  // Where /lib is a symlink, packages list it as a folder even so.
  if (!existsSync(path) || statSync(path).isDirectory()) return;
  mkdirSync(dirname(join(root, path)), { recursive: true });
  cpSync(path, join(root, path), { verbatimSymlinks: true });
}

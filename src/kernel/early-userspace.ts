/** The initramfs that lets a kernel reach any image: its modules, and a program of our own that loads them. */
import { gzipSync } from "fflate";
import { MODULE_LIST_PATH, moduleList } from "../guest/module-list.ts";
import { ovmsInit } from "../guest/ovms-init.ts";
import { type CpioFile, cpioArchive } from "../initramfs/cpio.ts";
import { MODULES } from "./features.ts";
import type { Kernel } from "./kernel.ts";
import { unsuitable } from "./kernel-error.ts";
import type { LoadableModule } from "./modules.ts";

export interface EarlyUserspace {
  readonly bytes: Uint8Array;
  readonly compression: "gzip" | "none";
  /** Names of the modules in it, in the order in which they are loaded. */
  readonly modules: readonly string[];
}

/** The kernel's own first one has it, too, where nothing is put over it (usr/default_cpio_list). */
const CONSOLE = { path: "/dev/console", major: 5, minor: 1 } as const;
const MODULES_FOLDER = "/modules";

/**
 * Makes it of the modules beside the kernel. One whose modules are all built in needs none, and gets one with the
 * program alone. Throws E_UNSUPPORTED for a kernel that takes none, or needs modules that are not there.
 */
export async function makeEarlyUserspace(kernel: Kernel): Promise<EarlyUserspace> {
  const { where, features, image } = kernel;
  if (features.initramfs === "absent") {
    throw unsuitable(where, "the kernel takes no initramfs (CONFIG_BLK_DEV_INITRD)", "choose another kernel");
  }
  refuseWithoutModules(kernel);
  const modules = (await kernel.modules?.withNeeds(MODULES)) ?? [];
  const files = [
    file("/init", ovmsInit(image.architecture), true),
    file(MODULE_LIST_PATH, moduleList(modules.map(pathOf))),
    ...modules.map((module) => file(pathOf(module), module.bytes)),
  ];
  const archive = Buffer.concat([...cpioArchive(files, [CONSOLE])]);
  return { ...(await compressed(archive, kernel)), modules: modules.map(({ name }) => name) };
}

function pathOf({ name }: LoadableModule): string {
  return `${MODULES_FOLDER}/${name}.ko`;
}

function file(path: string, bytes: Uint8Array, executable = false): CpioFile {
  return { path, executable, size: bytes.length, pieces: () => [bytes] };
}

function refuseWithoutModules({ where, features, modules }: Kernel): void {
  const needed = Object.entries(features).filter(([, state]) => state === "module");
  if (modules !== undefined || needed.length === 0) return;
  throw unsuitable(
    where,
    `the kernel has ${needed.map(([name]) => name).join(", ")} as modules, and they are not beside it`,
    "name the package or the folder that the kernel came in: it has lib/modules, too",
  );
}

/** In gzip where the kernel is not known to lack it: plain ones all kernels take. */
async function compressed(
  archive: Uint8Array,
  { features }: Kernel,
): Promise<Pick<EarlyUserspace, "bytes" | "compression">> {
  if (features["initramfs-gzip"] === "absent") return { bytes: archive, compression: "none" };
  // fflate and not the runtime's zlib, which makes other bytes in Bun than in Node.
  return { bytes: gzipSync(archive, { level: 6, mtime: 0 }), compression: "gzip" };
}

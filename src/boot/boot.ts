/** Booting what a conversion has made, in QEMU. */
import { stat } from "node:fs/promises";
import { Docker2vmError } from "../errors.ts";
import { makeEarlyUserspace } from "../kernel/early-userspace.ts";
import { type Kernel, openKernel } from "../kernel/kernel.ts";
import type { Architecture } from "../launch/facts.ts";
import { whyUnreadable } from "../system-errors.ts";
import { type Accelerator, chooseAccelerator } from "./accelerator.ts";
import { filesystemOn } from "./bare-image.ts";
import { findImage } from "./find-image.ts";
import type { FoundImage } from "./found-image.ts";
import type { Publication } from "./network.ts";
import { type BootedMachine, qemuArguments } from "./qemu.ts";
import { type MachineEnd, type MachineStreams, RunningMachine } from "./running-machine.ts";
import { ScratchFolder } from "./scratch-folder.ts";
import { type Way, wayTo } from "./way.ts";

export interface BootOptions extends MachineStreams {
  /** The folder that a conversion has made, or the file. */
  readonly path: string;
  /** A kernel, a package or a folder with one. */
  readonly kernel: string;
  /** Bytes of what a package may hold; absent: see PackageReading. */
  readonly maxBytes?: number | undefined;
  /** An initramfs; absent: one is made where the kernel needs one. */
  readonly initramfs?: string | undefined;
  readonly memoryMiB: number;
  readonly cpus: number;
  /** A disk for what the machine changes, in place of the one beside the image. */
  readonly writableDisk?: string | undefined;
  /** Whether the machine has a network; absent: where something is published, or the image has an address in it. */
  readonly network?: boolean | undefined;
  readonly publish: readonly Publication[];
  readonly accelerator?: Accelerator["name"] | undefined;
  readonly verbose: boolean;
  /** More words for the kernel's command line. */
  readonly words: readonly string[];
  /** In place of the image's command. */
  readonly args: readonly string[];
  readonly signal: AbortSignal;
  /** Told with the machine once it runs. */
  readonly onStart: (machine: RunningMachine, accelerator: Accelerator, way: Way) => void;
}

/**
 * Boots the image and returns the status that its workload ended with, or 0 where the image has no ovms-init to tell
 * one. Where the machine ends without it, that is E_MACHINE.
 */
export async function bootImage(options: BootOptions): Promise<number> {
  const image = await findImage(options.path, options.signal);
  if (options.initramfs !== undefined) await checkInitramfs(options.initramfs);
  const kernel = await openKernel(options.kernel, options);
  try {
    return await bootWith(kernel, image, options);
  } finally {
    await kernel.close();
  }
}

async function bootWith(kernel: Kernel, image: FoundImage, options: BootOptions): Promise<number> {
  const architecture = architectureFor(image, kernel);
  const { network = image.hasAddress || options.publish.length > 0 } = options;
  const writableDisk = await writableDiskFor(image, options);
  const writable =
    writableDisk === undefined ? undefined : ((await filesystemOn(writableDisk, options.signal)) ?? null);
  const scratch = await ScratchFolder.make();
  try {
    const { words, initramfs } = options;
    const way = wayTo(image, kernel, { words, initramfs, network, writable });
    const accelerator = await acceleratorFor(architecture, options);
    const machine: BootedMachine = {
      ...image,
      image: image.path,
      ...options,
      architecture,
      writableDisk,
      network: network ? options.publish : undefined,
      disk: way.disk,
      accelerator: accelerator.name,
      monitor: scratch.path("monitor"),
      kernel: await kernelFile(kernel, scratch),
      initramfs: initramfs ?? (way.needsInitramfs ? await initramfsFile(kernel, scratch) : undefined),
    };
    options.signal.throwIfAborted();
    const running = new RunningMachine(architecture, qemuArguments(machine), machine.monitor, options);
    options.onStart(running, accelerator, way);
    return statusOf(await running.ended, image);
  } finally {
    await scratch.remove();
  }
}

/** QEMU's own word for it names no option. */
async function checkInitramfs(path: string): Promise<void> {
  const found = await stat(path).catch((cause: unknown) => {
    throw noInitramfs(path, whyUnreadable(cause), cause);
  });
  if (!found.isFile()) throw noInitramfs(path, "it is no file");
}

function noInitramfs(path: string, why: string, cause?: unknown): Docker2vmError {
  return new Docker2vmError("E_IMAGE_NOT_FOUND", `the initramfs ${path}: ${why}`, {
    hint: "'docker2vm kernel PATH --initramfs FILE' makes one; without --initramfs it is made where it is needed",
    cause,
  });
}

function architectureFor(image: FoundImage, { where, image: { architecture } }: Kernel): Architecture {
  if (architecture === (image.architecture ?? architecture)) return architecture;
  throw new Docker2vmError(
    "E_UNSUPPORTED",
    `${where}: the kernel is for ${architecture}, the image for ${image.architecture}`,
    { hint: "choose another kernel, or convert the image for the other --platform" },
  );
}

/** The one that is asked for, else the one beside the image. Throws E_IMAGE_NOT_FOUND where it is not there. */
async function writableDiskFor(image: FoundImage, options: BootOptions): Promise<string | undefined> {
  const path = options.writableDisk ?? image.writableDisk;
  if (path === undefined) return undefined;
  const found = await stat(path).catch((cause: unknown) => {
    throw noWritableDisk(path, whyUnreadable(cause), cause);
  });
  if (!found.isFile()) throw noWritableDisk(path, "it is no file");
  return path;
}

function noWritableDisk(path: string, why: string, cause?: unknown): Docker2vmError {
  return new Docker2vmError("E_IMAGE_NOT_FOUND", `the writable disk ${path}: ${why}`, {
    hint: "'docker2vm convert … --writable-disk SIZE' makes one beside the image; --writable-disk FILE names a copy of it",
    cause,
  });
}

async function acceleratorFor(
  architecture: Architecture,
  { accelerator }: BootOptions,
): Promise<Accelerator> {
  if (accelerator === undefined) return await chooseAccelerator(architecture);
  return { name: accelerator, reason: "as asked for" };
}

async function kernelFile({ imageOnDisk, bytes }: Kernel, scratch: ScratchFolder): Promise<string> {
  return imageOnDisk ?? (await scratch.write("kernel", bytes));
}

async function initramfsFile(kernel: Kernel, scratch: ScratchFolder): Promise<string> {
  return await scratch.write("initramfs", (await makeEarlyUserspace(kernel)).bytes);
}

function statusOf({ killed, code, console, messages }: MachineEnd, image: FoundImage): number {
  if (killed) {
    throw new Docker2vmError("E_MACHINE", "the machine was stopped before its workload had ended", {
      hint: "its disk is as if it had been switched off: the next boot replays the journal",
    });
  }
  if (code !== 0) {
    throw new Docker2vmError("E_MACHINE", `QEMU ended with ${code}`, { output: messages.slice(-20) });
  }
  if (console.status !== undefined) return console.status;
  if (console.panic !== undefined) {
    throw new Docker2vmError("E_MACHINE", `the machine's kernel gave up: ${console.panic}`, {
      hint: "--verbose shows what it did before; 'docker2vm kernel PATH' tells what the kernel has",
    });
  }
  if (image.init === undefined) return 0;
  throw new Docker2vmError("E_MACHINE", "the machine ended without telling how its workload ended", {
    hint: "it was stopped before its init ran, or the kernel does not know the disk: --verbose shows what it did",
  });
}

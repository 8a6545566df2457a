/** Firecracker's configuration file (src/firecracker/swagger/firecracker.yaml has the objects' fields). */
import { isReadOnly, type LaunchFacts } from "./facts.ts";
import { commandLine, kernelWords } from "./kernel-command-line.ts";
import type { LaunchFile } from "./launch-file.ts";
import { FILE_NAMES } from "./monitors.ts";

const DISK = "/dev/vda";
/**
 * Powering off does not end it on x86: its exit is a reset by the keyboard controller. On arm64 both end it, and it has
 * no such controller.
 */
const ENDING = { amd64: ["reboot=k", "panic=1"], arm64: ["panic=1"] } as const;

export function firecracker(facts: LaunchFacts): LaunchFile {
  const { architecture, root, writableDisk, kernel, initramfs, cpus, memoryMiB } = facts;
  // It appends root= and ro or rw for a disk that is the root itself, and not one that is mapped.
  const isRoot = root.verity === undefined;
  const words = kernelWords(facts, {
    console: "ttyS0",
    disk: DISK,
    ending: ENDING[architecture],
    appendsRoot: true,
  });
  const config = {
    "boot-source": {
      kernel_image_path: kernel,
      ...(initramfs === undefined ? {} : { initrd_path: initramfs }),
      boot_args: commandLine(words),
    },
    drives: [
      {
        drive_id: "rootfs",
        path_on_host: root.fileName,
        is_root_device: isRoot,
        is_read_only: isReadOnly(root),
      },
      ...(writableDisk === undefined ? [] : [writableDrive(writableDisk)]),
    ],
    "machine-config": { vcpu_count: cpus, mem_size_mib: memoryMiB },
  };
  return {
    name: FILE_NAMES.firecracker,
    text: `${JSON.stringify(config, undefined, 2)}\n`,
    executable: false,
    command: ["firecracker", "--no-api", "--config-file", FILE_NAMES.firecracker],
  };
}

function writableDrive(fileName: string): object {
  return { drive_id: "writable", path_on_host: fileName, is_root_device: false, is_read_only: false };
}

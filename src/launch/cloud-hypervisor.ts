/** Cloud Hypervisor's command line, from version 51 on (docs/, src/main.rs): before it, disks have no image_type. */
import { isReadOnly, type LaunchFacts } from "./facts.ts";
import { commandLine, kernelWords } from "./kernel-command-line.ts";
import type { LaunchFile } from "./launch-file.ts";
import { FILE_NAMES } from "./monitors.ts";
import { shellScript } from "./shell-script.ts";

/** The serial port, which it emulates as each architecture has it. */
const CONSOLES = { amd64: "ttyS0", arm64: "ttyAMA0" } as const;

export function cloudHypervisor(facts: LaunchFacts): LaunchFile {
  const { architecture, root, writableDisk, kernel, initramfs, cpus, memoryMiB } = facts;
  // Without panic=: a restart would only begin again, for it is one of the machine within the monitor.
  const words = kernelWords(facts, { console: CONSOLES[architecture], disk: "/dev/vda", ending: [] });
  // Without image_type=raw writes to the first sector are refused, and so the superblock's.
  const disk = `path=${root.fileName},image_type=raw${isReadOnly(root) ? ",readonly=on" : ""}`;
  const second = writableDisk === undefined ? [] : [`path=${writableDisk},image_type=raw`];
  const command = [
    "cloud-hypervisor",
    ...["--kernel", kernel, ...(initramfs === undefined ? [] : ["--initramfs", initramfs])],
    ...["--disk", disk, ...second, "--cmdline", commandLine(words)],
    ...["--cpus", `boot=${cpus}`, "--memory", `size=${memoryMiB}M`],
    ...["--serial", "tty", "--console", "off"],
  ];
  return { name: FILE_NAMES["cloud-hypervisor"], text: shellScript(command), executable: true, command };
}

/** crosvm's command line (docs/book/src/running_crosvm). */
import { isReadOnly, type LaunchFacts } from "./facts.ts";
import { commandLine, kernelWords } from "./kernel-command-line.ts";
import type { LaunchFile } from "./launch-file.ts";
import { FILE_NAMES } from "./monitors.ts";
import { shellScript } from "./shell-script.ts";

export function crosvm(facts: LaunchFacts): LaunchFile {
  const { root, writableDisk, kernel, initramfs, cpus, memoryMiB } = facts;
  // For the disk that is the root it appends root=, and ro or rw itself.
  const words = kernelWords(facts, {
    console: "ttyS0",
    disk: "/dev/vda",
    ending: ["panic=-1"],
    appendsRoot: true,
  });
  const isRoot = root.verity === undefined;
  const command = [
    ...["crosvm", "run"],
    ...["--block", `${root.fileName}${isRoot ? ",root" : ""}${isReadOnly(root) ? ",ro" : ""}`],
    ...(writableDisk === undefined ? [] : ["--block", writableDisk]),
    ...["--serial", "type=stdout,hardware=serial,num=1,console=true,earlycon=true,stdin=true"],
    ...["-m", `${memoryMiB}`, "-c", `${cpus}`],
    ...["-p", commandLine(words), ...(initramfs === undefined ? [] : ["--initrd", initramfs])],
    kernel,
  ];
  return { name: FILE_NAMES.crosvm, text: shellScript(command), executable: true, command };
}

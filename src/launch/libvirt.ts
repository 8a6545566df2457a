/** A domain of libvirt's (docs/formatdomain.rst; schemas/domain.rng). */
import { isReadOnly, type LaunchFacts } from "./facts.ts";
import { commandLine, kernelWords } from "./kernel-command-line.ts";
import type { LaunchFile } from "./launch-file.ts";
import { FILE_NAMES } from "./monitors.ts";

const MACHINES = {
  amd64: { arch: "x86_64", machine: "q35", console: "ttyS0" },
  arm64: { arch: "aarch64", machine: "virt", console: "ttyAMA0" },
} as const;

/** On arm64 libvirt refuses it where there is no UEFI, as when a kernel is started without any (qemu_validate.c). */
const FEATURES = { amd64: "  <features>\n    <acpi/>\n  </features>\n", arm64: "" } as const;

/** Its paths are absolute: a domain has no folder that others could begin at. */
export function libvirt(facts: LaunchFacts): LaunchFile {
  const { architecture, root, writableDisk, initramfs, cpus, memoryMiB, folder, name } = facts;
  const { arch, machine, console } = MACHINES[architecture];
  const words = kernelWords(facts, { console, disk: "/dev/vda", ending: ["panic=-1"] });
  const absolute = (path: string): string => text(path.startsWith("/") ? path : `${folder}/${path}`);
  const xml = `<domain type="kvm">
  <name>${text(name)}</name>
  <memory unit="MiB">${memoryMiB}</memory>
  <vcpu>${cpus}</vcpu>
  <os>
    <type arch="${arch}" machine="${machine}">hvm</type>
    <kernel>${absolute(facts.kernel)}</kernel>${initramfs === undefined ? "" : `\n    <initrd>${absolute(initramfs)}</initrd>`}
    <cmdline>${text(commandLine(words))}</cmdline>
  </os>
${FEATURES[architecture]}  <cpu mode="host-passthrough"/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>destroy</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
${disk("vda", absolute(root.fileName), isReadOnly(root))}${writableDisk === undefined ? "" : disk("vdb", absolute(writableDisk), false)}    <serial type="pty">
      <target port="0"/>
    </serial>
    <console type="pty">
      <target type="serial" port="0"/>
    </console>
  </devices>
</domain>
`;
  return {
    name: FILE_NAMES.libvirt,
    text: xml,
    executable: false,
    command: ["virsh", "create", "--console", FILE_NAMES.libvirt],
  };
}

function disk(target: string, path: string, readOnly: boolean): string {
  return `    <disk type="file" device="disk">
      <driver name="qemu" type="raw"/>
      <source file="${path}"/>
      <target dev="${target}" bus="virtio"/>${readOnly ? "\n      <readonly/>" : ""}
    </disk>
`;
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** In an attribute, too, where a tab or a line's end as it is would be read as a blank (XML 1.0, 3.3.3). */
function text(value: string): string {
  return value.replace(
    /[&<>"\t\n\r]/g,
    (character) => ENTITIES[character] ?? `&#${character.charCodeAt(0)};`,
  );
}

/** Launch files of every machine: as the monitors' own descriptions want them, and with the right words in them. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LaunchFacts } from "../../src/launch/facts.ts";
import { launchFile } from "../../src/launch/launch.ts";
import { checkMonitors, FILE_NAMES, MONITORS, type Monitor } from "../../src/launch/monitors.ts";
import { cachedFolder } from "../support/cache.ts";
import { expectError } from "../support/expect-error.ts";
import { run, runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { withTemporaryFolder } from "../support/temporary.ts";
import { everyMachine, VERITY } from "./facts.ts";

const scratch = scratchFolder();

/** The words of the kernel's command line, as lib/cmdline.c parts them, without their quotes. */
function wordsOf(line: string): readonly string[] {
  return [...line.matchAll(/(?:[^\s"]|"[^"]*")+/g)].map(([word]) => word.replaceAll('"', ""));
}

/** The command line in a monitor's file, what the monitor appends to it included. */
function commandLineOf(monitor: Monitor, facts: LaunchFacts): string {
  const { text, command } = launchFile(monitor, facts);
  const behind = (option: string): string => command[command.indexOf(option) + 1] ?? "";
  switch (monitor) {
    case "firecracker": {
      const { "boot-source": source, drives } = JSON.parse(text);
      const [{ is_root_device, is_read_only }] = drives;
      return `${source.boot_args}${is_root_device ? ` root=/dev/vda ${is_read_only ? "ro" : "rw"}` : ""}`;
    }
    case "cloud-hypervisor":
      return behind("--cmdline");
    case "qemu":
      return behind("-append");
    case "crosvm": {
      const options = behind("--block").split(",");
      const root = options.includes("root") ? ` root=/dev/vda ${options.includes("ro") ? "ro" : "rw"}` : "";
      return `${behind("-p")}${root}`;
    }
    case "libvirt":
      return (/<cmdline>(.*)<\/cmdline>/.exec(text)?.[1] ?? "").replaceAll("&quot;", '"');
  }
}

function isReadOnly({ root }: LaunchFacts): boolean {
  return root.readOnly || root.verity !== undefined || root.type === "erofs";
}

/** On arm64 most have the serial port of its own boards. */
function consoleOf(monitor: Monitor, architecture: LaunchFacts["architecture"]): string {
  const isPc = architecture === "amd64" || monitor === "firecracker" || monitor === "crosvm";
  return isPc ? "ttyS0" : "ttyAMA0";
}

describe.each([...MONITORS])("for %s", (monitor) => {
  test("the kernel is told of the console, the disk, the filesystem and the init", () => {
    for (const facts of everyMachine()) {
      const { architecture, root, init } = facts;
      const words = wordsOf(commandLineOf(monitor, facts));
      const of = (name: string) => words.filter((word) => word.startsWith(`${name}=`));
      expect(of("console")).toEqual([`console=${consoleOf(monitor, architecture)}`]);
      expect(of("root")).toEqual([root.verity === undefined ? "root=/dev/vda" : "root=/dev/dm-0"]);
      expect(words.filter((word) => word === "ro" || word === "rw")).toEqual([
        isReadOnly(facts) ? "ro" : "rw",
      ]);
      expect(of("rootfstype")).toEqual([`rootfstype=${root.type.replace(/ext[23]/, "ext4")}`]);
      const overlay = init !== undefined && facts.writableDisk !== undefined;
      expect(of("docker2vm.root")).toEqual(overlay ? ["docker2vm.root=overlay:/dev/vdb"] : []);
      expect(of("init")).toEqual(init === undefined ? [] : [`init=${init}`]);
      const table = `rootfs,,,ro,0 320 verity 1 /dev/vda /dev/vda 4096 4096 40 41 sha256 ${VERITY.rootHash} ${VERITY.salt}`;
      expect(of("dm-mod.create")).toEqual(root.verity === undefined ? [] : [`dm-mod.create=${table}`]);
    }
  });

  test("the disk that is read-only is, and the machine has its memory, its processors and its kernel", () => {
    for (const facts of everyMachine()) {
      const { root, kernel, initramfs } = facts;
      const { text, command } = launchFile(monitor, facts);
      const all = `${text} ${command.join(" ")}`;
      const marks = /"is_read_only": true|readonly=on|<readonly\/>|rootfs\.\w+(?:,root)?,ro\b/;
      expect([facts, marks.test(all)]).toEqual([facts, isReadOnly(facts)]);
      expect(all).toMatch(/"mem_size_mib": 256|size=256M|-m 256|"MiB">256</);
      expect(all).toMatch(/"vcpu_count": 2|boot=2|-smp 2|-c 2|<vcpu>2</);
      expect(all).toContain(root.fileName);
      const disks = all.match(/writable\.ext4/g) ?? [];
      expect(disks.length > 0).toBe(facts.writableDisk !== undefined);
      expect(all).toContain(kernel.slice(kernel.lastIndexOf("/")));
      expect(all.includes("initramfs.gz")).toBe(initramfs !== undefined);
    }
  });

  test("the same facts make the same file, by the name that it has", () => {
    for (const facts of everyMachine()) {
      const file = launchFile(monitor, facts);
      expect(launchFile(monitor, { ...facts })).toEqual(file);
      expect(file.name).toBe(FILE_NAMES[monitor]);
      expect(file.text).toEndWith("\n");
    }
  });
});

/** libvirt's own description of a domain, out of its package. */
function domainSchema(): string {
  const folder = cachedFolder("libvirt-schemas", (unpacked) => {
    withTemporaryFolder((debs) => {
      runOk("apt-get", ["-q", "-o", "APT::Sandbox::User=root", "download", "libvirt0"], { cwd: debs });
      const deb = readdirSync(debs).find((file) => file.endsWith(".deb")) ?? "";
      runOk("dpkg-deb", ["-x", join(debs, deb), unpacked]);
    });
  });
  return join(folder, "usr/share/libvirt/schemas/domain.rng");
}

testWith(
  ["xmllint", "apt-get", "dpkg-deb"],
  "libvirt's schema finds nothing in its files, but a misspelt name",
  () => {
    const paths = everyMachine().map((facts, index) => {
      const path = scratch(`${index}.xml`);
      writeFileSync(path, launchFile("libvirt", facts).text);
      return path;
    });
    runOk("xmllint", ["--noout", "--relaxng", domainSchema(), ...paths]);
    const [facts] = everyMachine();
    if (facts === undefined) throw new Error("no machine");
    writeFileSync(scratch("odd.xml"), launchFile("libvirt", facts).text.replaceAll("on_reboot", "on_rebot"));
    expect(run("xmllint", ["--noout", "--relaxng", domainSchema(), scratch("odd.xml")]).status).not.toBe(0);
  },
);

test("libvirt is told of ACPI on x86 alone: on arm64 it refuses it without UEFI", () => {
  for (const facts of everyMachine()) {
    expect(launchFile("libvirt", facts).text.includes("<acpi/>")).toBe(facts.architecture === "amd64");
  }
});

testWith(["xmllint"], "libvirt finds an image in a folder of any name", () => {
  const folder = '/vm/it\'s <here>\t& "there"\n';
  const [facts] = everyMachine();
  if (facts === undefined) throw new Error("no machine");
  writeFileSync(scratch("named.xml"), launchFile("libvirt", { ...facts, folder }).text);
  const path = runOk("xmllint", ["--xpath", "string(//disk[1]/source/@file)", scratch("named.xml")]);
  expect(path).toBe(`${folder}/rootfs.ext4\n`);
});

for (const shell of ["dash", "bash"] as const) {
  testWith([shell], `scripts run their command to the word, in their own folder, in ${shell}`, () => {
    const bin = scratch(`bin-${shell}`);
    const vm = scratch(`it's "${shell}" $here`);
    mkdirSync(bin);
    mkdirSync(vm);
    const stub = '#!/bin/sh\npwd\nprintf "%s\\0" "$(basename "$0")" "$@"\n';
    const programs = ["cloud-hypervisor", "crosvm", "qemu-system-x86_64", "qemu-system-aarch64"];
    for (const name of programs) writeFileSync(join(bin, name), stub, { mode: 0o755 });
    for (const facts of everyMachine().slice(0, 5)) {
      for (const monitor of ["cloud-hypervisor", "qemu", "crosvm"] as const) {
        const { name, text, command } = launchFile(monitor, facts);
        writeFileSync(join(vm, name), text);
        const PATH = `${bin}:${process.env["PATH"]}`;
        const said = runOk(shell, [join(vm, name), "more", "two words"], { cwd: "/", env: { PATH } });
        expect(said).toBe(`${vm}\n${[...command, "more", "two words", ""].join("\0")}`);
      }
    }
  });
}

test("monitors are named, and each once", async () => {
  expect(checkMonitors(["qemu", "firecracker", "qemu"])).toEqual(["firecracker", "qemu"]);
  await expectError(() => checkMonitors(["qemu", "kvmtool"]), "E_USAGE", '"kvmtool"', MONITORS.join(","));
  await expectError(() => checkMonitors([]), "E_USAGE");
});

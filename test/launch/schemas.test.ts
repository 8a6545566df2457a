/** Files for Firecracker and Cloud Hypervisor, held against what these publish of their own configurations. */
import { expect, test } from "bun:test";
import type { LaunchFacts } from "../../src/launch/facts.ts";
import { launchFile } from "../../src/launch/launch.ts";
import { everyMachine } from "./facts.ts";

type Value = "string" | "boolean" | "integer" | RegExp;

/** An object's fields, those that it must have first. */
type Shape = readonly [required: Readonly<Record<string, Value>>, optional: Readonly<Record<string, Value>>];

/** Of src/firecracker/swagger/firecracker.yaml, FullVmConfiguration and below; of drives what virtio-block must have. */
const FIRECRACKER: Readonly<Record<string, Shape>> = {
  "boot-source": [{ kernel_image_path: "string" }, { initrd_path: "string", boot_args: "string" }],
  drives: [
    { drive_id: "string", is_root_device: "boolean", is_read_only: "boolean", path_on_host: "string" },
    { partuuid: "string", cache_type: /^(?:Unsafe|Writeback)$/, io_engine: /^(?:Sync|Async)$/ },
  ],
  "machine-config": [
    { vcpu_count: "integer", mem_size_mib: "integer" },
    { smt: "boolean", track_dirty_pages: "boolean", huge_pages: /^(?:None|2M)$/ },
  ],
};

/** Of vmm/src/api/openapi/cloud-hypervisor.yaml, VmConfig and below, as far as a command line says it. */
const CLOUD_HYPERVISOR: Readonly<Record<string, Shape>> = {
  payload: [{}, { kernel: "string", cmdline: "string", initramfs: "string", firmware: "string" }],
  cpus: [{ boot_vcpus: "integer", max_vcpus: "integer" }, {}],
  memory: [{ size: "integer" }, {}],
  disks: [
    // From version 52 on nothing else may be written to everywhere.
    { path: "string", image_type: /^(?:FlatVmdk|FixedVhd|Qcow2|Raw|Vhdx)$/ },
    { readonly: "boolean", direct: "boolean", id: "string", serial: "string" },
  ],
  serial: [{ mode: /^(?:Off|Pty|Tty|File|Socket|Null)$/ }, { file: "string", socket: "string" }],
  console: [{ mode: /^(?:Off|Pty|Tty|File|Socket|Null)$/ }, { file: "string", socket: "string" }],
};

function expectShapes(document: Readonly<Record<string, unknown>>, shapes: Readonly<Record<string, Shape>>) {
  expect(Object.keys(document).sort()).toEqual(Object.keys(shapes).sort());
  for (const [name, [required, optional]] of Object.entries(shapes)) {
    const known = { ...required, ...optional };
    for (const object of [document[name]].flat() as Readonly<Record<string, unknown>>[]) {
      for (const field of Object.keys(required))
        expect([name, object]).toEqual([name, expect.objectContaining({ [field]: expect.anything() })]);
      for (const [field, value] of Object.entries(object))
        expect([name, field, holds(value, known[field])]).toEqual([name, field, true]);
    }
  }
}

function holds(value: unknown, wanted: Value | undefined): boolean {
  if (wanted === undefined) return false;
  if (wanted instanceof RegExp) return typeof value === "string" && wanted.test(value);
  return wanted === "integer" ? Number.isInteger(value) : typeof value === wanted;
}

test("Firecracker's file has the fields that Firecracker has, and no others", () => {
  for (const facts of everyMachine()) {
    const config = JSON.parse(launchFile("firecracker", facts).text);
    expectShapes(config, FIRECRACKER);
    const { vcpu_count } = config["machine-config"];
    expect(vcpu_count >= 1 && vcpu_count <= 32).toBe(true);
    expect(config.drives.filter((drive: { is_root_device: boolean }) => drive.is_root_device).length).toBe(
      facts.root.verity === undefined ? 1 : 0,
    );
    // On x86 alone a restart ends it, by a controller that arm64 has not.
    expect(config["boot-source"].boot_args.includes("reboot=k")).toBe(facts.architecture === "amd64");
  }
});

test("Cloud Hypervisor's command line is a configuration as its API has it", () => {
  for (const facts of everyMachine()) {
    const config = cloudHypervisorConfig(facts);
    expectShapes(config, CLOUD_HYPERVISOR);
    expect(config["memory"]).toEqual({ size: facts.memoryMiB << 20 });
    expect(config["disks"]).toHaveLength(facts.writableDisk === undefined ? 1 : 2);
  }
});

/** What the words of the command line are in the API (vmm/src/config.rs reads them). */
function cloudHypervisorConfig(facts: LaunchFacts): Readonly<Record<string, unknown>> {
  const [program, ...words] = launchFile("cloud-hypervisor", facts).command;
  expect(program).toBe("cloud-hypervisor");
  const options = new Map<string, string[]>();
  for (const word of words) {
    if (word.startsWith("--")) options.set(word.slice(2), []);
    else [...options.values()].at(-1)?.push(word);
  }
  const known = ["kernel", "initramfs", "cmdline", "disk", "cpus", "memory", "serial", "console"];
  expect([...options.keys()].filter((name) => !known.includes(name))).toEqual([]);
  const one = (name: string): string => {
    expect([name, options.get(name)?.length]).toEqual([name, 1]);
    return options.get(name)?.[0] ?? "";
  };
  const initramfs = options.has("initramfs") ? { initramfs: one("initramfs") } : {};
  const boot = Number(one("cpus").replace(/^boot=/, ""));
  return {
    payload: { kernel: one("kernel"), cmdline: one("cmdline"), ...initramfs },
    cpus: { boot_vcpus: boot, max_vcpus: boot },
    memory: { size: Number(/^size=(\d+)M$/.exec(one("memory"))?.[1]) << 20 },
    disks: (options.get("disk") ?? []).map(diskOf),
    serial: { mode: capital(one("serial")) },
    console: { mode: capital(one("console")) },
  };
}

function diskOf(text: string): Readonly<Record<string, unknown>> {
  const fields = text.split(",").map((part): [string, unknown] => {
    const [name = "", value = ""] = part.split("=");
    if (value === "on" || value === "off") return [name, value === "on"];
    return [name, name === "image_type" ? capital(value) : value];
  });
  return Object.fromEntries(fields);
}

function capital(word: string): string {
  return `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`;
}

/** Of what Linux has for containers: config-linux.md. */
import { quote } from "../../../oci/quote.ts";
import { below, type Report } from "../finding.ts";
import { entriesOf, type Fields, fieldOf, itemsOf, numberOf, repeated, textOf, textsOf } from "../reading.ts";
import { checkResources } from "./resources.ts";
import { checkSeccomp } from "./seccomp.ts";

const NAMESPACES = "config-linux.md, Namespaces";
const MAPPINGS = "config-linux.md, User namespace mappings";
const DEVICES = "config-linux.md, Devices";

export function checkLinux(config: Fields, report: Report): void {
  const { linux } = config;
  if (linux === undefined) report("warning", "/linux", "is missing", "crun starts nothing without it");
  const namespaces = itemsOf(fieldOf(linux, "namespaces"));
  const types = new Set(namespaces.map(([, each]) => fieldOf(each, "type")));
  checkNamespaces(namespaces, report);
  checkNames(config, types, report);
  checkMappings(config, namespaces, report);
  for (const name of ["maskedPaths", "readonlyPaths"]) {
    checkAbsolute(fieldOf(linux, name), below("/linux", name), report);
  }
  checkDevices(fieldOf(linux, "devices"), report);
  checkSysctl(fieldOf(linux, "sysctl"), types, report);
  if (fieldOf(linux, "timeOffsets") !== undefined && !types.has("time")) {
    const spec = "config-linux.md, Time offsets: sets the offset for the time namespace";
    report("error", "/linux/timeOffsets", "needs a time namespace", spec);
  }
  const personality = fieldOf(linux, "personality");
  if (personality !== undefined && fieldOf(personality, "domain") === undefined) {
    report(
      "error",
      "/linux/personality",
      "has no domain",
      "config-linux.md, Personality: domain (string, REQUIRED)",
    );
  }
  checkResources(fieldOf(linux, "resources"), report);
  checkSeccomp(fieldOf(linux, "seccomp"), report);
}

function checkNamespaces(namespaces: readonly (readonly [number, unknown])[], report: Report): void {
  for (const [at, namespace] of namespaces) {
    const path = textOf(fieldOf(namespace, "path"));
    if (path === undefined || path === "" || path.startsWith("/")) continue;
    const spec = `${NAMESPACES}: path: this value MUST be an absolute path in the runtime mount namespace`;
    report("error", below(below("/linux/namespaces", at), "path"), `${quote(path)} is relative`, spec);
  }
  for (const [at, namespace] of repeated(namespaces, (each) => fieldOf(each, "type"))) {
    const spec = `${NAMESPACES}: if a namespaces field contains duplicated namespaces with same type, the runtime MUST generate an error`;
    report("error", below("/linux/namespaces", at), `${fieldOf(namespace, "type")} is there twice`, spec);
  }
}

function checkNames(config: Fields, types: ReadonlySet<unknown>, report: Report): void {
  for (const name of ["hostname", "domainname"]) {
    if (!textOf(config[name]) || types.has("uts")) continue;
    report(
      "error",
      below("", name),
      "needs a uts namespace of the container's own",
      "runc sets it nowhere else",
    );
  }
}

function checkMappings(
  config: Fields,
  namespaces: readonly (readonly [number, unknown])[],
  report: Report,
): void {
  const own = namespaces.find(([, each]) => fieldOf(each, "type") === "user");
  const joined = own !== undefined && textOf(fieldOf(own[1], "path")) !== undefined;
  for (const name of ["uidMappings", "gidMappings"]) {
    const path = below("/linux", name);
    const mappings = itemsOf(fieldOf(config["linux"], name));
    if (mappings.length > 0 && own === undefined) {
      const spec = `${MAPPINGS}: the user namespace mappings from the host to the container`;
      report("warning", path, "counts for nothing without a user namespace", spec);
    }
    if (own !== undefined && !joined && mappings.length === 0) {
      report("error", path, "is missing, and there is a user namespace", "runc makes none without mappings");
    }
    checkOverlaps(mappings, path, report);
    if (own !== undefined && mappings.length > 0) checkMapped(config, name, mappings, report);
  }
}

function checkOverlaps(
  mappings: readonly (readonly [number, unknown])[],
  path: string,
  report: Report,
): void {
  const spec = "user_namespaces(7): ranges must not overlap, and are of one id at least";
  for (const [at, mapping] of mappings) {
    if (numberOf(fieldOf(mapping, "size")) === 0) report("error", below(path, at), "maps nothing", spec);
    const overlaps = mappings
      .slice(0, at)
      .some(([, other]) =>
        ["containerID", "hostID"].some((side) => overlap(rangeOf(mapping, side), rangeOf(other, side))),
      );
    if (overlaps) report("error", below(path, at), "maps what is mapped before", spec);
  }
}

function rangeOf(mapping: unknown, side: string): readonly [start: number, end: number] {
  const start = numberOf(fieldOf(mapping, side)) ?? 0;
  return [start, start + (numberOf(fieldOf(mapping, "size")) ?? 0)];
}

function overlap([a, aEnd]: readonly [number, number], [b, bEnd]: readonly [number, number]): boolean {
  return a < bEnd && b < aEnd;
}

/** The process's own ids. */
function checkMapped(
  { process }: Fields,
  name: string,
  mappings: readonly (readonly [number, unknown])[],
  report: Report,
): void {
  const field = name === "uidMappings" ? "uid" : "gid";
  const id = numberOf(fieldOf(fieldOf(process, "user"), field)) ?? 0;
  const isMapped = mappings.some(([, mapping]) => {
    const [start, end] = rangeOf(mapping, "containerID");
    return id >= start && id < end;
  });
  if (isMapped) return;
  report("error", `/process/user/${field}`, `${id} is not mapped`, `${MAPPINGS}: ids to be mapped`);
}

function checkAbsolute(paths: unknown, path: string, report: Report): void {
  for (const [at, text] of textsOf(paths)) {
    if (text.startsWith("/")) continue;
    const spec =
      "config-linux.md, Masked Paths, Readonly Paths: the values MUST be absolute paths in the container namespace";
    report("error", below(path, at), `${quote(text)} is relative`, spec);
  }
}

function checkDevices(devices: unknown, report: Report): void {
  const listed = itemsOf(devices);
  for (const [at, device] of listed) {
    const path = below("/linux/devices", at);
    const name = textOf(fieldOf(device, "path"));
    if (name?.startsWith("/") === false) {
      report(
        "error",
        below(path, "path"),
        `${quote(name)} is relative`,
        `${DEVICES}: path: full path to device inside container`,
      );
    }
    const numbers = [fieldOf(device, "major"), fieldOf(device, "minor")];
    if (fieldOf(device, "type") !== "p" && numbers.includes(undefined)) {
      report(
        "error",
        path,
        "has no major and minor number",
        `${DEVICES}: major, minor (int64, REQUIRED unless type is p)`,
      );
    }
  }
  const numbersOf = (device: unknown) =>
    fieldOf(device, "type") === "p" || fieldOf(device, "major") === undefined
      ? undefined
      : JSON.stringify(["type", "major", "minor"].map((name) => fieldOf(device, name)));
  for (const [at] of repeated(listed, numbersOf)) {
    const spec = `${DEVICES}: the same type, major and minor SHOULD NOT be used for multiple devices`;
    report("warning", below("/linux/devices", at), "is a device that is there before", spec);
  }
}

/** What of the kernel's settings is a namespace's own: as runc has it (libcontainer/configs/validate). */
function checkSysctl(sysctl: unknown, types: ReadonlySet<unknown>, report: Report): void {
  for (const [name] of entriesOf(sysctl)) {
    const needed = namespaceOf(name.replaceAll("/", "."));
    if (needed !== undefined && types.has(needed)) continue;
    const why = needed === undefined ? "is no setting of a namespace" : `needs the namespace ${needed}`;
    report(
      "error",
      below("/linux/sysctl", name),
      why,
      "config-linux.md, Sysctl; runc sets what belongs to a namespace of the container's own",
    );
  }
}

const IPC_SETTINGS =
  /^kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)$|^fs\.mqueue\./;

function namespaceOf(setting: string): string | undefined {
  if (setting.startsWith("net.")) return "network";
  if (setting === "kernel.domainname" || setting === "kernel.hostname") return "uts";
  return IPC_SETTINGS.test(setting) ? "ipc" : undefined;
}

/** Debian packages of either architecture, fetched and unpacked but not installed, so that nothing of them runs. */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { cloudKernel } from "../boot.ts";
import { cachedFolder } from "../cache.ts";
import { runOk } from "../oracles.ts";
import { withTemporaryFolder } from "../temporary.ts";
import type { Architecture } from "./architecture.ts";

/** The folder with the packages' files. */
export function debianPackages(architecture: Architecture, names: readonly string[]): string {
  const key = createHash("sha256").update(names.join(" ")).digest("hex").slice(0, 12);
  return cachedFolder(`debian-${architecture}-${key}`, (folder) => {
    withAptFor(architecture, (options) => unpack(folder, names, options));
  });
}

export interface Kernel {
  /** What a boot loader takes. */
  readonly image: string;
  /** uname -r */
  readonly release: string;
  /** Its folder of modules, as it was packaged: without the files that depmod makes. */
  readonly modules: string;
}

/** Debian's kernel for clouds: ext4 and NVMe are built in, virtio, FUSE and the network are modules. */
export function debianKernel(architecture: Architecture): Kernel {
  const root = architecture === "amd64" ? dirname(dirname(cloudKernel())) : foreignKernel(architecture);
  const image = readdirSync(join(root, "boot")).find((name) => name.startsWith("vmlinuz-")) ?? "";
  const release = image.slice("vmlinuz-".length);
  return { image: join(root, "boot", image), release, modules: join(root, "lib/modules", release) };
}

function foreignKernel(architecture: Architecture): string {
  return cachedFolder(`kernel-${architecture}`, (folder) => {
    withAptFor(architecture, (options) => {
      // The meta package names the one with the kernel.
      const depends = runOk("apt-cache", [...options, "depends", `linux-image-cloud-${architecture}`]);
      unpack(folder, [/Depends: (linux-image-\S+)/.exec(depends)?.[1] ?? ""], options);
    });
  });
}

/** Unpacks packages by what `apt-get download` calls them. */
export function unpack(folder: string, names: readonly string[], options: readonly string[]): void {
  withTemporaryFolder((debs) => {
    runOk("apt-get", ["-q", "-o", "APT::Sandbox::User=root", ...options, "download", ...names], {
      cwd: debs,
    });
    for (const deb of readdirSync(debs)) runOk("dpkg-deb", ["-x", join(debs, deb), folder]);
  });
}

/** Options that make apt look for this architecture: with a state of its own where it is not the machine's. */
function withAptFor(architecture: Architecture, use: (options: readonly string[]) => void): void {
  if (runOk("dpkg", ["--print-architecture"]).trim() === architecture) {
    use([]);
    return;
  }
  const settings = { "APT::Architecture": architecture, "APT::Architectures": architecture };
  withOwnApt(debianSources(), settings, use);
}

/** Options that make apt look at these sources alone, and keep what it learns in a state of its own. */
export function withOwnApt(
  sources: readonly string[],
  more: Readonly<Record<string, string>>,
  use: (options: readonly string[]) => void,
): void {
  withTemporaryFolder((state) => {
    for (const folder of ["lists/partial", "cache/archives/partial"]) {
      mkdirSync(join(state, folder), { recursive: true });
    }
    writeFileSync(join(state, "status"), "");
    writeFileSync(join(state, "sources.list"), `${sources.join("\n")}\n`);
    const settings = {
      ...more,
      "Dir::State": state,
      "Dir::State::status": join(state, "status"),
      "Dir::Cache": join(state, "cache"),
      "Dir::Etc::sourcelist": join(state, "sources.list"),
      "Dir::Etc::sourceparts": "/dev/null",
    };
    const options = Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
    runOk("apt-get", ["-q", "-o", "APT::Sandbox::User=root", ...options, "update"]);
    use(options);
  });
}

/** The machine's own sources, as far as they are Debian's: others may have nothing for another architecture. */
export function debianSources(): string[] {
  const format = "$(ORIGIN)|deb $(REPO_URI) $(CODENAME) $(COMPONENT)";
  const targets = runOk("apt-get", ["indextargets", "--format", format, "Created-By: Packages"]);
  const sources = targets.split("\n").filter((line) => line.startsWith("Debian|"));
  return [...new Set(sources.map((line) => line.slice("Debian|".length)))];
}

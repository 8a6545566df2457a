/** What README's commands find here in place of the world: images by name, files of the reader's, programs. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { RealRegistry } from "../support/docker-registry.ts";
import { baseBundle } from "../support/gondolin/base-bundle.ts";
import { gondolin } from "../support/gondolin/install.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { runOk } from "../support/oracles.ts";
import { REPOSITORY } from "../support/package.ts";
import { buildShellImage } from "../support/shell-image.ts";
import { tar } from "../support/tar-builder.ts";

const HELLO = join(REPOSITORY, "fixtures/images/hello");
const ALPINE = "oci:alpine:3.20";

const DOCKERFILE = `FROM scratch AS base
COPY LICENSE /LICENSE

FROM base AS final
ARG VERSION
LABEL version=$VERSION
`;

/** `docker save`, `docker export` and `docker import` without a daemon. Whatever else it is asked for, such as to build, it refuses. */
const DOCKER = `#!/bin/sh
case "$1 $2" in
  "save app") cat saved.tar ;;
  "export app") tar -C rootfs -c . ;;
  "import -") tar -t >/dev/null ;;
  *) echo "Cannot connect to the Docker daemon" >&2; exit 1 ;;
esac
`;

/** For Gondolin's command: KVM may be there and not work. */
const WITHOUT_KVM = `import fs from "node:fs";
const { accessSync } = fs;
fs.accessSync = (path, mode) => {
  if (path === "/dev/kvm") throw new Error("left out");
  accessSync(path, mode);
};
`;

/** A copy of what git would clone, the uncommitted included. */
export function cloneTo(folder: string): void {
  mkdirSync(folder);
  const files = runOk("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: REPOSITORY,
  });
  const there = files.split("\0").filter((path) => path !== "" && existsSync(join(REPOSITORY, path)));
  runOk("cp", ["--parents", "-t", folder, ...there], { cwd: REPOSITORY });
}

/** Puts beside a clone's files those that README takes for the reader's own. Needs busybox, skopeo and tar. */
export function addReadersFiles(clone: string): void {
  buildShellImage(join(clone, "alpine"), "3.20");
  runOk("tar", ["-C", "alpine", "-cf", "app.oci.tar", "."], { cwd: clone });
  runOk("skopeo", ["--insecure-policy", "copy", "--quiet", ALPINE, "docker-archive:saved.tar:app:latest"], {
    cwd: clone,
  });
  mkdirSync(join(clone, "rootfs/etc"), { recursive: true });
  writeFileSync(join(clone, "rootfs/etc/motd"), "welcome\n");
  mkdirSync(join(clone, "docker"));
  for (const path of ["Dockerfile", "docker/Dockerfile"]) writeFileSync(join(clone, path), DOCKERFILE);
  writeFileSync(join(clone, "token"), "secret\n");
  writeFileSync(join(clone, "id_ed25519.pub"), "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1 me@here\n");
  buildSystemImage(join(clone, "system"));
}

/** What a profile looks for in an image that has an init: the names of its programs. */
function buildSystemImage(folder: string): void {
  const programs = ["usr/lib/systemd/systemd", "usr/bin/cloud-init"];
  const files = programs.map((path) => ({ path, mode: 0o755, data: "" }));
  const architecture = process.arch === "arm64" ? "arm64" : "amd64";
  buildLayout(folder, { layers: [tar(files)], tag: "1", platform: { os: "linux", architecture } });
}

/** Fills a registry; returns by the names in README those that are there for them. */
export function fillRegistry(registry: RealRegistry, clone: string): Readonly<Record<string, string>> {
  registry.push(`oci:${join(clone, "alpine")}:3.20`, "library/alpine:3.20");
  registry.push(`oci:${join(clone, "alpine")}:3.20`, "library/busybox:latest");
  registry.push(`oci:${join(clone, "system")}:1`, "owner/system:1");
  registry.push(`oci:${HELLO}:latest`, "owner/app:1", "--all", "--preserve-digests");
  const { manifests } = JSON.parse(readFileSync(join(HELLO, "index.json"), "utf8"));
  return {
    "convert alpine:3.20": `convert ${registry.host}/library/alpine:3.20`,
    "report alpine:3.20": `report ${registry.host}/library/alpine:3.20`,
    "inspect-image alpine:3.20": `inspect-image ${registry.host}/library/alpine:3.20`,
    "-image=alpine:3.20": `-image=${registry.host}/library/alpine:3.20`,
    "ghcr.io/owner/system:1": `${registry.host}/owner/system:1`,
    "--image busybox:latest": `--image ${registry.host}/library/busybox:latest`,
    "ghcr.io/owner/app@sha256:…": `${registry.host}/owner/app@${manifests[0].digest}`,
    "ghcr.io/owner/vm": `${registry.host}/owner/vm`,
    // The one layout with a tag "latest".
    LAYOUT: "fixtures/images/hello",
  };
}

/**
 * The environment of a reader who has docker and gondolin, has pulled Gondolin's base, and has no Bun. Nothing is read
 * from or left in the home folder but npm's cache.
 */
export function readersEnvironment(folder: string): Readonly<Record<string, string>> {
  const programs = join(folder, "programs");
  mkdirSync(programs);
  const { node, cli } = gondolin();
  writeFileSync(join(programs, "without-kvm.mjs"), WITHOUT_KVM);
  writeProgram(join(programs, "docker"), DOCKER);
  writeProgram(
    join(programs, "gondolin"),
    `#!/bin/sh\nexec '${node}' --import '${join(programs, "without-kvm.mjs")}' '${cli}' "$@"\n`,
  );
  const storage = { driver: "vfs", graphroot: join(folder, "containers"), runroot: join(folder, "run") };
  const lines = Object.entries(storage).map(([name, value]) => `${name} = ${JSON.stringify(value)}\n`);
  writeFileSync(join(folder, "storage.conf"), `[storage]\n${lines.join("")}`);
  const environment = {
    PATH: [programs, ...foldersWithoutBun()].join(delimiter),
    XDG_CACHE_HOME: join(folder, "cache"),
    DOCKER_CONFIG: folder,
    CONTAINERS_STORAGE_CONF: join(folder, "storage.conf"),
    GONDOLIN_IMAGE_STORE: join(folder, "gondolin-images"),
  };
  const base = baseBundle(process.arch === "arm64" ? "arm64" : "amd64");
  runOk(join(programs, "gondolin"), ["image", "import", base, "--tag", "alpine-base:latest"], {
    env: environment,
  });
  return environment;
}

function writeProgram(path: string, text: string): void {
  writeFileSync(path, text);
  chmodSync(path, 0o755);
}

function foldersWithoutBun(): readonly string[] {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.filter((folder) => !existsSync(join(folder, "bun")));
}

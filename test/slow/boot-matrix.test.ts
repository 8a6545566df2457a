/** Four kinds of images on three kinds of roots, booted by the command: the workload finds the same wherever it runs. */
import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { convert } from "../../src/convert/convert.ts";
import type { FilesystemSettings } from "../../src/convert/options.ts";
import { BOOTING, bootCommand } from "../boot/machines.ts";
import { cloudKernelFolder } from "../support/boot.ts";
import { debianImage } from "../support/gondolin/debian-image.ts";
import { alpineLayout } from "../support/images.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { findOracle, type Oracle, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { type TarItem, tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();

/** What is builtin in every shell alone, since a static program is all that some images hold. */
const SCRIPT = [
  'while read -r key value more; do case $key in Uid:|Gid:|Groups:) echo "$key $value";; esac; done </proc/self/status',
  'echo "in $PWD as $HOME, process $$"',
  'echo "says $GREETING"',
  'while read -r disk place type rest; do case $place in /) echo "root $type";; esac; done </proc/mounts',
  '{ echo it >/made; } 2>/dev/null && read -r word </made && echo "wrote $word" || echo "cannot write"',
  "exit 7",
].join("\n");

const GREETING = "two\nlines, 'quoted' and $unexpanded";

interface Image {
  readonly source: () => string | undefined;
  /** The shell in it, and who runs it where. */
  readonly shell: readonly string[];
  readonly user: { readonly uid: number; readonly home: string };
}

function busybox(): Uint8Array {
  return readFileSync(findOracle("busybox") ?? "busybox");
}

function layoutOf(
  name: string,
  items: readonly TarItem[],
  config: Readonly<Record<string, unknown>>,
): string {
  buildLayout(scratch(name), { layers: [tar([...items])], tag: "t", config });
  return `oci:${scratch(name)}:t`;
}

const IMAGES: Readonly<Record<string, Image>> = {
  "a single static program": {
    source: () => layoutOf("scratch", [{ path: "busybox", mode: 0o755, data: busybox() }], {}),
    shell: ["/busybox", "sh"],
    user: { uid: 0, home: "/" },
  },
  "an image without a shell or a package manager": {
    source: () =>
      layoutOf(
        "distroless",
        [
          {
            path: "etc/passwd",
            data: "root:x:0:0::/root:/none\nnonroot:x:65532:65532::/home/nonroot:/none\n",
          },
          { path: "etc/group", data: "root:x:0:\nnonroot:x:65532:\n" },
          { path: "home/nonroot", type: "directory", uid: 65532, gid: 65532, mode: 0o700 },
          { path: "usr/bin/busybox", mode: 0o755, data: busybox() },
        ],
        { User: "nonroot", WorkingDir: "/home/nonroot" },
      ),
    shell: ["/usr/bin/busybox", "sh"],
    user: { uid: 65532, home: "/home/nonroot" },
  },
  Alpine: {
    source: () => {
      const layout = alpineLayout();
      return layout && `oci:${layout}`;
    },
    shell: ["/bin/sh"],
    user: { uid: 0, home: "/root" },
  },
  Debian: {
    source: () => `oci:${debianImage()}`,
    shell: ["/bin/sh"],
    user: { uid: 33, home: "/var/www" },
  },
};

interface Root {
  readonly filesystem: FilesystemSettings;
  readonly words?: readonly string[];
  readonly type: string;
  readonly writable: boolean;
}

const ROOTS: Readonly<Record<string, Root>> = {
  ext4: { filesystem: { type: "ext4" }, type: "ext4", writable: true },
  "EROFS below an overlay": {
    filesystem: { type: "erofs", compress: "lz4" },
    words: ["--append", "docker2vm.root=overlay"],
    type: "overlay",
    writable: true,
  },
  "ext4 that dm-verity checks": {
    filesystem: { type: "ext4", readOnly: true, verity: true },
    type: "ext4",
    writable: false,
  },
};

const NEEDS: readonly Oracle[] = [...BOOTING, "mmdebstrap"];

for (const [name, { source, shell, user }] of Object.entries(IMAGES)) {
  for (const [form, { filesystem, words = [], type, writable }] of Object.entries(ROOTS)) {
    testWith(NEEDS, `${name} on ${form}`, async () => {
      const image = source();
      if (image === undefined) return;
      const out = scratch(`${name} ${form}`);
      const workload = { entrypoint: shell, cmd: ["-c", SCRIPT], env: [`GREETING=${GREETING}`] };
      await convert({
        source: image,
        platform: "linux/amd64",
        out,
        filesystem,
        profile: { name: "init", workload },
      });
      const { code, stdout } = await bootCommand([out, "--kernel", cloudKernelFolder(), ...words]);
      const { uid, home } = user;
      expect(stdout).toContain(`Uid: ${uid}\nGid: ${uid}\n`);
      expect(stdout).toContain(`as ${home}, process 1\nsays ${GREETING}\nroot ${type}\n`);
      expect(stdout).toContain(writable && uid === 0 ? "wrote it\n" : "cannot write\n");
      expect(code).toBe(7);
    });
  }
}

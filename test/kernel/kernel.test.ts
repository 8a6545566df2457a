/** Kernels out of folders and packages, asked what they can do, and the initramfs that is made of them. */
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { Docker2vmError } from "../../src/errors.ts";
import { ovmsInit } from "../../src/guest/ovms-init.ts";
import { moduleName } from "../../src/initramfs/module-name.ts";
import { embeddedConfig } from "../../src/kernel/config.ts";
import { makeEarlyUserspace } from "../../src/kernel/early-userspace.ts";
import { type Kernel, openKernel } from "../../src/kernel/kernel.ts";
import { readModuleInfo } from "../../src/kernel/module-info.ts";
import { unxz, unxzWhole } from "../../src/kernel/xz.ts";
import { runWith } from "../cli/fake-host.ts";
import { cloudKernelFolder } from "../support/boot.ts";
import { expectError } from "../support/expect-error.ts";
import {
  kernelVersion,
  makeAlpinePackage,
  makeDebianPackage,
  makeKernelFolder,
} from "../support/kernel-package.ts";
import { runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { tar } from "../support/tar-builder.ts";
import { bzImage, configWithin, kernelModule, vmlinux, zboot } from "./images.ts";

const scratch = scratchFolder();

async function withKernel<Result>(path: string, use: (kernel: Kernel) => Promise<Result> | Result) {
  const kernel = await openKernel(path);
  try {
    return await use(kernel);
  } finally {
    await kernel.close();
  }
}

const initramfsOf = (path: string) => withKernel(path, makeEarlyUserspace);
const featuresOf = (path: string) => withKernel(path, ({ features }) => features);

/** What Debian says of its kernel, and what its modules say where it does not. */
const FEATURES = {
  ext4: "built-in",
  xfs: "module",
  erofs: "module",
  "erofs-compressed": "built-in",
  overlay: "module",
  "dm-verity": "module",
  "dm-mod.create": "absent",
  "virtio-pci": "module",
  "virtio-mmio": "module",
  "virtio-disk": "module",
  "virtio-network": "module",
  nvme: "built-in",
  initramfs: "built-in",
  "initramfs-gzip": "built-in",
  devtmpfs: "built-in",
  "keyboard-controller": "built-in",
  keyboard: "built-in",
  pvh: "built-in",
} as const;

/** The modules that an initramfs takes and those that they need, by their names and bytes. */
const modulesOf = (path: string) =>
  withKernel(path, async ({ modules }) => {
    const found = (await modules?.withNeeds(["xfs", "erofs", "overlay", "dm-verity", "virtio_net"])) ?? [];
    return found.map(({ name, bytes }) => [name, createHash("sha256").update(bytes).digest("hex")]);
  });

/** Made for the first who asks: not every machine has what it takes. */
function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

describe("Debian's kernel", () => {
  /** What says that it is the kernel: of the kernel itself no more is needed. */
  const small = () => bzImage(kernelVersion(), new Uint8Array());
  const folder = once(() => {
    makeKernelFolder(scratch("folder"), { kernel: small() });
    return scratch("folder");
  });
  const initramfs = once(() => initramfsOf(folder()));
  const expected = once(() => modulesOf(folder()));
  const packed = once(() => {
    makeDebianPackage(folder(), scratch("xz.deb"), "xz");
    return scratch("xz.deb");
  });

  testWith(["apt-get", "dpkg-deb"], "in a folder says by its configuration what it has", async () => {
    await withKernel(cloudKernelFolder(), ({ image, imagePath, knownFrom, features }) => {
      expect(image).toMatchObject({ format: "bzImage", architecture: "amd64", version: kernelVersion() });
      expect(imagePath).toBe(`boot/vmlinuz-${kernelVersion()}`);
      expect(knownFrom).toEqual(["config", "modules"]);
      expect(features).toEqual(FEATURES);
    });
  });

  testWith(["apt-get", "dpkg-deb"], "by its own path has its modules, too", async () => {
    const path = join(folder(), "boot", `vmlinuz-${kernelVersion()}`);
    expect(await modulesOf(path)).toEqual(await expected());
    expect((await expected()).length).toBe(13);
  });

  testWith(["apt-get", "dpkg-deb"], "without its configuration is known by its modules", async () => {
    makeKernelFolder(scratch("modules-alone"), { config: false, kernel: small() });
    const unknown = ["erofs-compressed", "dm-mod.create", "initramfs", "initramfs-gzip", "devtmpfs", "pvh"];
    expect(await featuresOf(scratch("modules-alone"))).toEqual({
      ...FEATURES,
      ...Object.fromEntries(unknown.map((name) => [name, "unknown"])),
    });
    expect(await modulesOf(scratch("modules-alone"))).toEqual(await expected());
  });

  testWith(
    ["apt-get", "dpkg-deb", "depmod"],
    "each module stands behind all that depmod says it needs",
    async () => {
      const { modules } = await initramfs();
      expect(modules).toContain("virtio_blk");
      expect(modules).not.toContain("dm_crypt");
      runOk("depmod", ["-b", folder(), kernelVersion()]);
      const dep = readFileSync(join(folder(), "lib/modules", kernelVersion(), "modules.dep"), "utf8");
      for (const [path = "", needs = ""] of dep.split("\n").map((line) => line.split(":"))) {
        const at = modules.indexOf(moduleName(path));
        if (at === -1) continue;
        for (const need of needs.split(" ").filter((each) => each !== "")) {
          expect(modules.slice(0, at)).toContain(moduleName(need));
        }
      }
    },
  );

  testWith(
    ["apt-get", "dpkg-deb", "cpio"],
    "has in the initramfs what the program there looks for",
    async () => {
      const { modules } = await initramfs();
      mkdirSync(scratch("unpacked"));
      runOk("cpio", ["-idm", "--quiet"], {
        cwd: scratch("unpacked"),
        input: gunzipSync((await initramfs()).bytes),
      });
      const listed = readFileSync(scratch("unpacked/etc/ovms/modules"), "utf8").trim().split("\n");
      expect(listed).toEqual(modules.map((name) => `/modules/${name}.ko`));
      for (const path of listed)
        expect(readFileSync(scratch(`unpacked${path}`)).length).toBeGreaterThan(5000);
      expect(statSync(scratch("unpacked/dev/console")).rdev).toBe(0x501);
      expect(readdirSync(scratch("unpacked")).sort()).toEqual(["dev", "etc", "init", "modules"]);
    },
  );

  for (const compression of ["gz", "xz", "zst"] as const) {
    testWith(
      ["apt-get", "dpkg-deb", "gzip", "xz", "zstd"],
      `with its modules in ${compression} is the same`,
      async () => {
        makeKernelFolder(scratch(compression), { modules: compression, kernel: small() });
        expect(await modulesOf(scratch(compression))).toEqual(await expected());
      },
    );
  }

  for (const compression of ["xz", "gzip", "zstd"] as const) {
    testWith(["apt-get", "dpkg-deb", "xz"], `in a Debian package in ${compression} is the same`, async () => {
      const deb = scratch(`${compression}.deb`);
      if (compression === "xz") packed();
      else makeDebianPackage(folder(), deb, compression);
      expect(await modulesOf(deb)).toEqual(await expected());
      await withKernel(deb, (kernel) => {
        expect(kernel.imageOnDisk).toBeUndefined();
        expect(Buffer.from(kernel.bytes).equals(small())).toBe(true);
      });
    });
  }

  testWith(["apt-get", "dpkg-deb", "tar"], "in an Alpine package is the same", async () => {
    makeAlpinePackage(folder(), scratch("linux.apk"));
    expect(await modulesOf(scratch("linux.apk"))).toEqual(await expected());
  });

  testWith(["apt-get", "dpkg-deb"], "with lib as a link to usr/lib is the same kernel", async () => {
    makeKernelFolder(scratch("merged/usr"), { kernel: small() });
    for (const name of ["boot", "lib"]) symlinkSync(`usr/${name}`, scratch("merged", name));
    expect(await modulesOf(scratch("merged"))).toEqual(await expected());
  });

  test("in a folder with links that lead in a circle, or to the kernel's sources, is found without them", async () => {
    const modules = scratch("linked/lib/modules/6.6.1");
    mkdirSync(join(modules, "kernel"), { recursive: true });
    mkdirSync(scratch("linked/boot"));
    mkdirSync(scratch("sources"));
    for (const path of [join(modules, "kernel/ext4.ko"), scratch("sources/xfs.ko")]) writeFileSync(path, "");
    symlinkSync(scratch("sources"), join(modules, "build"));
    symlinkSync(".", join(modules, "loop"));
    writeFileSync(scratch("linked/boot/vmlinuz-6.6.1"), bzImage("6.6.1", new Uint8Array()));
    expect(await featuresOf(scratch("linked"))).toMatchObject({ ext4: "module", xfs: "absent" });
  });

  testWith(
    ["apt-get", "dpkg-deb"],
    "alone, with its modules elsewhere, is no ground for an initramfs",
    async () => {
      const alone = scratch("alone");
      mkdirSync(join(alone, "boot"), { recursive: true });
      const version = kernelVersion();
      for (const name of [`vmlinuz-${version}`, `config-${version}`]) {
        writeFileSync(join(alone, "boot", name), readFileSync(join(folder(), "boot", name)));
      }
      const needs = "has xfs, erofs, overlay, dm-verity, virtio-pci";
      await expectError(initramfsOf(alone), "E_UNSUPPORTED", needs, "lib/modules");
    },
  );

  testWith(
    ["apt-get", "dpkg-deb", "xz"],
    "in a package that is cut off, or without xz, says what to do",
    async () => {
      const cut = scratch("cut.deb");
      copyFileSync(packed(), cut);
      const path = process.env["PATH"];
      try {
        process.env["PATH"] = "/nowhere";
        const said = ["the program xz is not here", "apt-get install xz-utils"];
        await expectError(openKernel(cut), "E_UNSUPPORTED", ...said);
      } finally {
        process.env["PATH"] = path;
      }
      truncateSync(cut, 1 << 20);
      await expectError(openKernel(cut), "E_UNSUPPORTED", "it is damaged");
    },
  );
});

describe("a kernel that holds its configuration", () => {
  const config = "CONFIG_EXT4_FS=y\n# CONFIG_XFS_FS is not set\nCONFIG_EROFS_FS=m\nCONFIG_BLK_DEV_INITRD=y\n";
  const known = { ext4: "built-in", xfs: "absent", erofs: "module", "initramfs-gzip": "absent" };
  const body = () => configWithin("6.6.1", config);
  const images = {
    "a bzImage in gzip": ["amd64", () => bzImage("6.6.1", gzipSync(body()))],
    "a bzImage in zstd": ["amd64", () => bzImage("6.6.1", Bun.zstdCompressSync(new Uint8Array(body())))],
    "an ELF file": ["amd64", () => vmlinux("amd64", body())],
    "an Image for arm64": ["arm64", () => vmlinux("Image", body())],
    "an Image in gzip": ["arm64", () => gzipSync(vmlinux("Image", body()))],
    "an Image that unpacks itself": ["arm64", () => zboot(gzipSync(vmlinux("Image", body())))],
  } as const;

  for (const [name, [architecture, make]] of Object.entries(images)) {
    test(`as ${name} is asked for it`, async () => {
      writeFileSync(scratch(name), make());
      await withKernel(scratch(name), ({ image, knownFrom, features }) => {
        expect(image).toMatchObject({ architecture, version: "6.6.1" });
        expect(knownFrom).toEqual(["config"]);
        expect(features).toMatchObject(known);
      });
    });
  }

  testWith(["xz"], "as a bzImage in xz is asked for it", async () => {
    const { stdout } = Bun.spawnSync(["xz"], { stdin: new Uint8Array(body()) });
    writeFileSync(scratch("in-xz"), bzImage("6.6.1", stdout));
    expect(await featuresOf(scratch("in-xz"))).toMatchObject(known);
  });

  testWith(["lz4"], "as a bzImage in lz4 is asked for it", async () => {
    writeFileSync(scratch("body"), body());
    runOk("lz4", ["-q", "-l", scratch("body"), scratch("body.lz4")]);
    writeFileSync(scratch("lz4"), bzImage("6.6.1", readFileSync(scratch("body.lz4"))));
    expect(await featuresOf(scratch("lz4"))).toMatchObject(known);
  });

  test("and takes no gzip, or no initramfs at all, is heard", async () => {
    const path = scratch("plain");
    const all = "CONFIG_BLK_DEV_INITRD=y\nCONFIG_EXT4_FS=y\n";
    writeFileSync(path, vmlinux("amd64", configWithin("6.6.1", all)));
    const { bytes, compression, modules } = await initramfsOf(path);
    expect(compression).toBe("none");
    expect(modules).toEqual([]);
    expect(Buffer.from(bytes).toString("latin1", 0, 6)).toBe("070701");
    writeFileSync(path, vmlinux("amd64", configWithin("6.6.1", "CONFIG_EXT4_FS=y\n")));
    await expectError(initramfsOf(path), "E_UNSUPPORTED", "takes no initramfs");
  });
});

testWith(["tar"], "a package whose tar leaves holes out has its files whole", async () => {
  const path = scratch("holes/boot/vmlinuz-virt");
  mkdirSync(scratch("holes/boot"), { recursive: true });
  writeFileSync(scratch("holes/.PKGINFO"), "");
  writeFileSync(path, vmlinux("amd64", configWithin("6.6.1", "CONFIG_EXT4_FS=y\n")));
  truncateSync(path, 1 << 20);
  appendFileSync(path, "end");
  const how = ["--format=gnu", "--sparse"];
  runOk("tar", ["-C", scratch("holes"), ...how, "-czf", scratch("holes.apk"), ".PKGINFO", "boot"]);
  await withKernel(scratch("holes.apk"), ({ bytes }) => {
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });
});

describe("what is larger than anything of a kernel's is not read to its end", () => {
  test("a file in a folder, and what is no file", async () => {
    mkdirSync(scratch("large/boot"), { recursive: true });
    writeFileSync(scratch("large/boot/vmlinuz-1"), "");
    truncateSync(scratch("large/boot/vmlinuz-1"), (512 << 20) + 1);
    await expectError(openKernel(scratch("large")), "E_UNSUPPORTED", "536870913 bytes");
    await expectError(openKernel("/dev/null"), "E_UNSUPPORTED", "neither a file nor a folder");
  });

  test("a configuration within a kernel", () => {
    const zeros = "CONFIG_EXT4_FS=y\n".padEnd((4 << 20) + 1, "#");
    expect(embeddedConfig(configWithin("6.6.1", zeros))).toBeUndefined();
    expect(embeddedConfig(configWithin("6.6.1", zeros.slice(1)))).toBeDefined();
  });

  testWith(["xz"], "what xz makes", async () => {
    const packed = Bun.spawnSync(["xz", "-0"], { stdin: new Uint8Array(1 << 20) }).stdout;
    await expectError(
      unxzWhole(packed, (1 << 20) - 1, "a.ko.xz", ""),
      "E_UNSUPPORTED",
      "a.ko.xz",
      "makes more",
    );
    expect((await unxzWhole(packed, 1 << 20, "a.ko.xz", "")).length).toBe(1 << 20);
  });
});

test("a module's needs are those of depends and of softdep's pre:, whatever blanks are between them", () => {
  const blanks = " ".repeat(1 << 20);
  const table: [softdep: string, asksFor: string[]][] = [
    ["pre: crc32c sha256", ["crc32c", "sha256"]],
    ["pre: crc32c post: other", ["crc32c"]],
    ["post: other pre: crc32c", ["crc32c"]],
    ["post: other", []],
    [`pre: crc32c${blanks}sha256`, ["crc32c", "sha256"]],
  ];
  for (const [softdep, asksFor] of table) {
    const module = kernelModule(["license=GPL", "depends=a,b", `softdep=${softdep}`]);
    expect(readModuleInfo(module, "x.ko")).toEqual({ depends: ["a", "b"], asksFor });
  }
});

testWith(["xz"], "an input of xz's that cannot be read is no damaged one", async () => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("fd377a585a000004", "hex");
    throw new Docker2vmError("E_IO", "linux.deb: ended early");
  }
  const all = async () => {
    for await (const _ of unxz(broken(), "linux.deb", "")) expect().fail("there is nothing in it");
  };
  await expectError(all(), "E_IO", "ended early");
});

describe("what is no kernel", () => {
  /** The head of a member of a Debian package, whose length may be said to be anything. */
  const member = (name: string, length: string) =>
    `${name.padEnd(16)}${"0 0 0 100644".padEnd(32)}${length.padEnd(10)}\`\n`;

  test("as a Debian package whose members have no length is damaged", async () => {
    for (const length of ["-60", "0x10", "1e1", "", "9999999999"]) {
      writeFileSync(scratch("odd.deb"), `!<arch>\n${member("debian-binary", length)}${" ".repeat(200)}`);
      await expectError(openKernel(scratch("odd.deb")), "E_UNSUPPORTED", "it has no whole data.tar");
    }
  });

  test("or holds more than a package does ends when that is seen", async () => {
    const gzipped = (bytes: Buffer) => gzipSync(Buffer.concat([bytes, Buffer.alloc(40 << 20)]));
    const data = gzipped(Buffer.alloc(0));
    const deb = `!<arch>\n${member("debian-binary", "4")}2.0\n${member("data.tar.gz", `${data.length}`)}`;
    writeFileSync(scratch("bomb.deb"), Buffer.concat([Buffer.from(deb), data]));
    writeFileSync(scratch("bomb.apk"), gzipped(tar([{ path: ".PKGINFO", data: "" }])));
    for (const name of ["bomb.deb", "bomb.apk"]) {
      const opened = openKernel(scratch(name), { maxBytes: 4 << 20 });
      await expectError(opened, "E_LIMIT", `${scratch(name)}: the package holds more than 4194304 bytes`);
      const { code, stderr } = await runWith(["kernel", scratch(name), "--max-bytes", "4M"]);
      expect([code, stderr]).toEqual([8, expect.stringContaining("--max-bytes")]);
    }
  });

  test("is named as that", async () => {
    mkdirSync(scratch("empty"));
    mkdirSync(scratch("two/boot"), { recursive: true });
    for (const name of ["vmlinuz-1", "vmlinuz-2"]) writeFileSync(scratch("two/boot", name), "");
    writeFileSync(scratch("text"), "hello\n".repeat(100));
    writeFileSync(scratch("program"), ovmsInit("amd64"));
    writeFileSync(scratch("odd.gz"), gzipSync("hello"));
    const table: [path: string, code: "E_IMAGE_NOT_FOUND" | "E_UNSUPPORTED", message: string][] = [
      [scratch("nowhere"), "E_IMAGE_NOT_FOUND", "no such file"],
      [scratch("empty"), "E_IMAGE_NOT_FOUND", "there is no kernel in it"],
      [scratch("two"), "E_UNSUPPORTED", "several kernels are in it: boot/vmlinuz-1, boot/vmlinuz-2"],
      [scratch("text"), "E_UNSUPPORTED", "no kernel for amd64 or arm64"],
      [scratch("odd.gz"), "E_UNSUPPORTED", "no kernel for amd64 or arm64"],
      [scratch("program"), "E_UNSUPPORTED", "no kernel for amd64 or arm64"],
    ];
    for (const [path, code, message] of table) {
      await expectError(openKernel(path), code, message);
    }
  });
});

/** Where guest assets are looked for, and which are taken. */
import { describe, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { Platform } from "../../../src/oci/platform.ts";
import { openBaseBundle } from "../../../src/profile/gondolin/base-bundle.ts";
import { locateGuestAssets } from "../../../src/profile/gondolin/location.ts";
import { expectError } from "../../support/expect-error.ts";
import { scratchFolder } from "../../support/scratch.ts";
import { program } from "../trees.ts";
import { BASE, MANIFEST, writeBase, writeRootfs } from "./bases.ts";
import { elf } from "./elf-maker.ts";

const scratch = scratchFolder();
const ID = "618b743b-f23f-539b-a618-54438c0901bd";
const AMD64: Platform = { os: "linux", architecture: "amd64" };
const ARM64: Platform = { os: "linux", architecture: "arm64" };

/** A folder to lay assets out in, with the paths inside it. */
class Machine {
  readonly root = mkdtempSync(join(scratch(), "machine-"));
  readonly environment: Record<string, string> = {};
  guestAssets: string | undefined;
  cwd = this.path("work/project");

  path(path: string): string {
    return join(this.root, path);
  }

  /** Assets, complete unless some are left out. */
  assets(path: string, without: readonly string[] = []): string {
    mkdirSync(this.path(path), { recursive: true });
    for (const name of ["vmlinuz-virt", "initramfs.cpio.lz4", "rootfs.ext4"]) {
      if (!without.includes(name)) writeFileSync(join(this.path(path), name), "");
    }
    return this.path(path);
  }

  /** A reference of the image store, to an object in it. */
  reference(store: string, reference: string, object: string): string {
    const folder = this.assets(`${store}/objects/${object}`);
    const link = this.path(`${store}/refs/${reference}`);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(relative(dirname(link), folder), link);
    return folder;
  }

  locate(architecture: "x86_64" | "aarch64" = "x86_64"): string {
    mkdirSync(this.cwd, { recursive: true });
    const { guestAssets, environment, cwd } = this;
    return locateGuestAssets({ guestAssets, environment, cwd, home: this.path("home"), architecture });
  }
}

const STORE = "home/.cache/gondolin/images";

describe("the first of these that there is", () => {
  const LEVELS: readonly [string, (machine: Machine) => string][] = [
    [
      "--guest-assets, from the working folder",
      (machine) => {
        machine.guestAssets = "../named";
        return machine.assets("work/named");
      },
    ],
    [
      "GONDOLIN_GUEST_DIR",
      (machine) => {
        machine.environment["GONDOLIN_GUEST_DIR"] = machine.path("dir");
        return machine.assets("dir");
      },
    ],
    ["guest/image/out in the working folder", (machine) => machine.assets("work/project/guest/image/out")],
    ["guest/image/out above it", (machine) => machine.assets("work/guest/image/out")],
    ["the image store", (machine) => machine.reference(STORE, "alpine-base/latest/x86_64", ID)],
  ];
  LEVELS.forEach(([name], first) => {
    test(name, () => {
      const machine = new Machine();
      const folders = LEVELS.slice(first).map(([, make]) => make(machine));
      expect(machine.locate()).toBe(folders[0] ?? "");
    });
  });
});

describe("the image store", () => {
  test("is where XDG_CACHE_HOME says", () => {
    const machine = new Machine();
    machine.environment["XDG_CACHE_HOME"] = machine.path("cache");
    machine.reference(STORE, "alpine-base/latest/x86_64", ID);
    const folder = machine.reference("cache/gondolin/images", "alpine-base/latest/x86_64", ID);
    expect(machine.locate()).toBe(folder);
  });

  test("or rather where GONDOLIN_IMAGE_STORE says", () => {
    const machine = new Machine();
    machine.environment["XDG_CACHE_HOME"] = machine.path("cache");
    machine.environment["GONDOLIN_IMAGE_STORE"] = machine.path("store");
    machine.reference("cache/gondolin/images", "alpine-base/latest/x86_64", ID);
    expect(machine.locate.bind(machine)).toThrow("no Gondolin guest assets");
    const folder = machine.reference("store", "alpine-base/latest/x86_64", ID);
    expect(machine.locate()).toBe(folder);
  });

  const SELECTORS: readonly [string, string][] = [
    ["team/dev:v1.2", "team/dev/v1.2/x86_64"],
    ["dev", "dev/latest/x86_64"],
    [" dev:edge ", "dev/edge/x86_64"],
  ];
  for (const [selector, reference] of SELECTORS) {
    test(`GONDOLIN_DEFAULT_IMAGE='${selector}' chooses ${reference}`, () => {
      const machine = new Machine();
      machine.environment["GONDOLIN_DEFAULT_IMAGE"] = selector;
      machine.reference(STORE, "alpine-base/latest/x86_64", "0".repeat(8));
      const folder = machine.reference(STORE, reference, ID);
      expect(machine.locate()).toBe(folder);
    });
  }

  test("GONDOLIN_DEFAULT_IMAGE may be a build", () => {
    const machine = new Machine();
    machine.environment["GONDOLIN_DEFAULT_IMAGE"] = ID;
    expect(machine.locate.bind(machine)).toThrow(ID);
    const folder = machine.assets(`${STORE}/objects/${ID}`);
    expect(machine.locate()).toBe(folder);
  });

  for (const selector of ["", "../../etc", "a//b", "a:../b", "-x", "a/../../../outside:latest"]) {
    test(`'${selector}' is no image, and leads nowhere`, async () => {
      const machine = new Machine();
      machine.assets("home/.cache/gondolin/images/refs/outside/latest/x86_64");
      machine.environment["GONDOLIN_DEFAULT_IMAGE"] = selector;
      await expectError(() => machine.locate(), "E_GUEST_ASSETS_NOT_FOUND", "is no image");
    });
  }

  test("has one reference for each architecture: that of the platform is taken, the other only alone", () => {
    const machine = new Machine();
    const arm = machine.reference(STORE, "alpine-base/latest/aarch64", ID.replace("6", "7"));
    expect(machine.locate("x86_64")).toBe(arm);
    const amd = machine.reference(STORE, "alpine-base/latest/x86_64", ID);
    expect(machine.locate("x86_64")).toBe(amd);
    expect(machine.locate("aarch64")).toBe(arm);
  });

  test("with a reference that leads nowhere has none", async () => {
    const machine = new Machine();
    rmSync(machine.reference(STORE, "alpine-base/latest/x86_64", ID), { recursive: true });
    await expectError(() => machine.locate(), "E_GUEST_ASSETS_NOT_FOUND");
  });
});

describe("what is not complete", () => {
  for (const missing of ["vmlinuz-virt", "initramfs.cpio.lz4", "rootfs.ext4"]) {
    test(`a folder without ${missing} is passed over, but an error where it was named`, async () => {
      const machine = new Machine();
      machine.assets("work/project/guest/image/out", [missing]);
      const folder = machine.reference(STORE, "alpine-base/latest/x86_64", ID);
      expect(machine.locate()).toBe(folder);
      machine.environment["GONDOLIN_GUEST_DIR"] = machine.assets("named", [missing]);
      await expectError(() => machine.locate(), "E_GUEST_ASSETS_NOT_FOUND", "GONDOLIN_GUEST_DIR: ", missing);
      machine.guestAssets = machine.path("named");
      await expectError(() => machine.locate(), "E_GUEST_ASSETS_NOT_FOUND", "--guest-assets: ", missing);
    });
  }

  test("files have the names that the manifest gives them", async () => {
    const machine = new Machine();
    const folder = machine.assets("named", ["rootfs.ext4"]);
    machine.guestAssets = folder;
    const assets = { ...MANIFEST.assets, rootfs: "other.ext4", krunKernel: "krun" };
    writeFileSync(join(folder, "manifest.json"), JSON.stringify({ ...MANIFEST, assets }));
    await expectError(() => machine.locate(), "E_GUEST_ASSETS_NOT_FOUND", "other.ext4, krun");
    writeFileSync(join(folder, "other.ext4"), "");
    writeFileSync(join(folder, "krun"), "");
    expect(machine.locate()).toBe(folder);
  });

  for (const name of ["../rootfs.ext4", "/rootfs.ext4", ".", "a/../../rootfs.ext4", 7]) {
    test(`a manifest that names ${JSON.stringify(name)} is refused`, async () => {
      const machine = new Machine();
      machine.guestAssets = machine.assets("named");
      const assets = { ...MANIFEST.assets, rootfs: name };
      writeFileSync(machine.path("named/manifest.json"), JSON.stringify({ ...MANIFEST, assets }));
      await expectError(() => machine.locate(), "E_BAD_MANIFEST", "manifest.json: assets.rootfs");
    });
  }
});

test("where there are none, the error names every place and how to get some", async () => {
  const machine = new Machine();
  await expectError(
    () => machine.locate("aarch64"),
    "E_GUEST_ASSETS_NOT_FOUND",
    "--guest-assets",
    "GONDOLIN_GUEST_DIR",
    `guest/image/out in ${machine.cwd} and above it`,
    machine.path(`${STORE}/refs/alpine-base/latest/aarch64`),
    "gondolin image pull alpine-base:latest --arch aarch64",
  );
});

describe("the architecture", () => {
  const whole = (name: string, manifest?: object): string => writeBase(scratch(name), { manifest });
  const open = (folder: string, platform: Platform) => {
    const options = { guestAssets: folder, environment: {}, cwd: scratch(), home: scratch() };
    const bundle = openBaseBundle(platform, options);
    bundle.filesystem.close();
    return bundle;
  };

  test("is the manifest's, under any of its names", () => {
    for (const arch of ["x86_64", "amd64", "X64"]) {
      const folder = whole(`arch-${arch}`, { ...MANIFEST, config: { arch } });
      expect(open(folder, AMD64).architecture).toBe("x86_64");
    }
  });

  test("is that of the guest's programs where there is no manifest", async () => {
    const folder = whole("no-manifest");
    expect(open(folder, AMD64).architecture).toBe("x86_64");
    const arm = scratch("no-manifest-arm");
    cpSync(folder, arm, { recursive: true });
    writeRootfs(join(arm, "rootfs.ext4"), { ...BASE, "/usr/bin/sandboxd": program(elf({ machine: 183 })) });
    expect(open(arm, ARM64).architecture).toBe("aarch64");
    await expectError(() => open(arm, AMD64), "E_GUEST_ASSETS_NOT_FOUND", "for aarch64", "linux/amd64");
  });

  test("must be the platform's: the error names both", async () => {
    const folder = whole("wrong", MANIFEST);
    await expectError(
      () => open(folder, ARM64),
      "E_GUEST_ASSETS_NOT_FOUND",
      "for x86_64",
      "linux/arm64",
      "--arch aarch64",
    );
  });

  test("must be one that Gondolin has", async () => {
    const platform = { os: "linux", architecture: "s390x" };
    await expectError(
      () => open(whole("s390x"), platform),
      "E_PLATFORM_NOT_FOUND",
      "linux/s390x",
      "take an image that is there for one of these",
    );
  });

  for (const path of ["/init", "/usr/bin/sandboxd"]) {
    test(`assets without ${path} are none that boot`, async () => {
      const { [path]: _, ...files } = BASE;
      const folder = writeBase(scratch(`without-${path.slice(-4)}`), { files, manifest: MANIFEST });
      await expectError(() => open(folder, AMD64), "E_UNSUPPORTED", folder, path);
    });
  }

  test("a root filesystem that is none is named", async () => {
    const folder = whole("broken", MANIFEST);
    writeFileSync(join(folder, "rootfs.ext4"), "nothing");
    await expectError(
      () => open(folder, AMD64),
      "E_INVALID_FILESYSTEM",
      join(folder, "rootfs.ext4"),
      "--guest-assets",
    );
  });
});

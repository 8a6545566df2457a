/** Images in the storage of Podman and Buildah, which skopeo and buildah themselves have written. */
import { beforeAll, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { convert } from "../../src/convert/convert.ts";
import { inspectImage } from "../../src/convert/inspect-image.ts";
import type { ConvertOptions } from "../../src/convert/options.ts";
import type { ProgressEvent } from "../../src/convert/progress.ts";
import type { ErrorCode } from "../../src/errors.ts";
import { storagePlaces } from "../../src/source/containers-storage/place.ts";
import { readTomlStrings } from "../../src/source/toml-strings.ts";
import { noise } from "../registry/support.ts";
import { runMounting, STORAGE, storeImage } from "../support/containers-storage.ts";
import { expectError } from "../support/expect-error.ts";
import { buildLayout, type LayoutImage } from "../support/layout-builder.ts";
import { runOk, testWith } from "../support/oracles.ts";
import { lacksOf } from "../support/programs.ts";
import { scratchFolder } from "../support/scratch.ts";
import { tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();
const NAME = "docker.io/library/app:1";
const DRIVERS = ["overlay", "vfs"] as const;
const LARGE = noise(2_500_000, 7);

/** What a layer's tar says and no folder does; names that are bytes; a file below what is a symlink in its layer, or below it. */
const IMAGE: LayoutImage = {
  tag: "1",
  created: "2024-05-06T07:08:09Z",
  config: { Cmd: ["/bin/app"], Env: ["A=1"] },
  layers: [
    tar([
      { path: "run", type: "directory", mode: 0o755 },
      { path: "var", type: "directory", mode: 0o750, uid: 70_000, gid: 5 },
      { path: "var/run", type: "symlink", linkname: "/run" },
      { path: "var/run/below", data: "below a link" },
      { path: "large", data: LARGE, uid: 1000, mtime: 1_700_000_000 },
      { path: "again", type: "hardlink", linkname: "large" },
      { path: `${"d".repeat(90)}/${"f".repeat(90)}`, data: "long", pax: { mtime: "12.345678901" } },
      { path: "caf\xe9\xff", data: "bytes", pax: { "SCHILY.xattr.user.x": "y" } },
      { path: "empty" },
    ]),
    tar([
      { path: ".wh.empty" },
      { path: "./large", data: "small now" },
      { path: "var/run/upper", data: "below one of another layer" },
    ]),
    // Nothing at all.
    tar([]),
  ],
};

const layout = () => `oci:${scratch("layout")}`;
const root = (driver: string) => scratch("stores", driver);
const reference = (driver: string, name = "app:1") => `containers-storage:[${driver}@${root(driver)}]${name}`;

beforeAll(() => {
  if (lacksOf(STORAGE).length > 0) return;
  buildLayout(scratch("layout"), IMAGE);
  for (const driver of DRIVERS) storeImage(root(driver), driver, `${layout()}:1`, NAME);
});

let outs = 0;

/** The image's bytes and what meta.json says of its source. */
async function made(source: string, { filesystem, ...more }: Partial<ConvertOptions> = {}) {
  const { rootfsPath, metadata } = await convert({
    source,
    out: scratch(`out${outs++}`),
    platform: "linux/amd64",
    filesystem: { size: "min", ...filesystem },
    ...more,
  });
  return { bytes: readFileSync(rootfsPath), metadata };
}

describe("an image in containers-storage", () => {
  for (const driver of DRIVERS) {
    testWith(STORAGE, `is the one of the layout it came from: ${driver}`, async () => {
      const wanted = await made(layout());
      for (const [name, workers] of [
        ["app:1", 0],
        [NAME, 2],
      ] as const) {
        const { bytes, metadata } = await made(reference(driver, name), { workers });
        expect(bytes.equals(wanted.bytes)).toBe(true);
        expect(metadata.sourceDigest).toBe(wanted.metadata.sourceDigest);
      }
    });
  }

  testWith(STORAGE, "is found by any of its names, its digest and its ID", async () => {
    const source = reference("vfs");
    const found = await inspectImage({ source, platform: "linux/amd64" });
    const id = readdirSync(join(root("vfs"), "vfs-images")).find((name) => /^[a-f0-9]{64}$/.test(name)) ?? "";
    const names = [`app@${found.image?.digest}`, id, `@${id}`, id.slice(0, 12), "docker.io/app:1"];
    for (const name of names) {
      const { image } = await inspectImage({ source: reference("vfs", name), platform: "linux/amd64" });
      expect([name, image]).toEqual([name, found.image]);
    }
    const wrong: [name: string, code: ErrorCode, ...said: string[]][] = [
      ["app:2", "E_IMAGE_NOT_FOUND", '"app:2"', NAME],
      [`other@${found.image?.digest}`, "E_IMAGE_NOT_FOUND", NAME],
      ["0".repeat(12), "E_IMAGE_NOT_FOUND", NAME],
    ];
    for (const [name, code, ...said] of wrong) {
      await expectError(inspectImage({ source: reference("vfs", name) }), code, ...said);
    }
    const elsewhere = inspectImage({ source, platform: "linux/arm64" });
    await expectError(elsewhere, "E_PLATFORM_NOT_FOUND", "linux/amd64, not for linux/arm64");
  });

  testWith([...STORAGE, "buildah"], "is what buildah has built", async () => {
    const store = scratch("built");
    mkdirSync(scratch("context/folder"), { recursive: true });
    writeFileSync(scratch("context/folder/file"), "copied\n");
    const buildah = `buildah --root ${store} --runroot ${store}-run --storage-driver overlay`;
    runMounting("sh", [
      "-ec",
      `c=$(${buildah} from scratch); ${buildah} copy -q $c ${scratch("context")} /;
       ${buildah} config --cmd /bin/app --created-by test $c;
       ${buildah} commit -q --timestamp 1700000000 $c built:1; ${buildah} rm $c;
       ${buildah} push -q built:1 oci:${scratch("pushed")}:1`,
    ]);
    const filesystem = { uuid: "11111111-2222-4333-8444-555555555555" };
    const wanted = await made(`oci:${scratch("pushed")}`, { filesystem });
    // As buildah calls it: localhost/built:1.
    const settings = scratch("storage.conf");
    writeFileSync(settings, `[storage]\ngraphroot = "${store}" # here\ndriver = "overlay2"\n`);
    const registry = { environment: { CONTAINERS_STORAGE_CONF: settings } };
    const { bytes } = await made("containers-storage:built:1", { filesystem, registry });
    expect(bytes.equals(wanted.bytes)).toBe(true);
  });
});

interface Damage {
  readonly what: string;
  readonly damage: (store: string, folders: { layers: string; files: string; image: string }) => void;
  readonly code: ErrorCode;
  readonly said: string;
}

/** Replaces text in a file. */
function edit(path: string, from: string | RegExp, to: string): void {
  const text = readFileSync(path, "latin1");
  const edited = text.replace(from, to);
  expect(edited).not.toBe(text);
  writeFileSync(path, edited, "latin1");
}

const split = (layers: string) => {
  const name = readdirSync(layers).find((each) => each.endsWith(".tar-split.gz") && each.startsWith(base));
  return join(layers, name ?? "");
};
let base = "";

const DAMAGES: readonly Damage[] = [
  {
    what: "a file that is gone",
    damage: (_, { files }) => rmSync(join(files, "large")),
    code: "E_BAD_ARCHIVE",
    said: 'layer 1: "large" is not there',
  },
  {
    what: "a file that has grown",
    damage: (_, { files }) => writeFileSync(join(files, "large"), "x", { flag: "a" }),
    code: "E_SIZE_MISMATCH",
    said: 'layer 1: "large" has 2500001 bytes',
  },
  {
    what: "a file of which one byte is another",
    damage: (_, { files }) => edit(join(files, "run/below"), "below", "Below"),
    code: "E_DIGEST_MISMATCH",
    said: "layer 1",
  },
  {
    what: "a link in the place of a file",
    damage: (store, { files }) => {
      writeFileSync(join(store, "outside"), LARGE);
      rmSync(join(files, "large"));
      symlinkSync("../../../outside", join(files, "large"));
    },
    code: "E_BAD_ARCHIVE",
    said: "is not there",
  },
  {
    what: "a folder in the place of a file",
    damage: (_, { files }) => {
      rmSync(join(files, "large"));
      mkdirSync(join(files, "large"));
    },
    code: "E_SIZE_MISMATCH",
    said: "is no file",
  },
  {
    what: "an account of a tar that is gone",
    damage: (_, { layers }) => rmSync(split(layers)),
    code: "E_BAD_ARCHIVE",
    said: "tar-split.gz, is not there",
  },
  {
    what: "an account of a tar that is cut off",
    damage: (_, { layers }) => truncateSync(split(layers), 200),
    code: "E_BAD_ARCHIVE",
    said: "gzip",
  },
  {
    what: "an account that is none",
    damage: (_, { layers }) => writeFileSync(split(layers), '{"type":1}\n'),
    code: "E_BAD_ARCHIVE",
    said: "neither bytes nor a file",
  },
  {
    what: "a layer that is gone",
    damage: (_, { layers }) =>
      edit(join(layers, "layers.json"), `"id":"${base}"`, `"id":"0${base.slice(1)}"`),
    code: "E_BAD_MANIFEST",
    said: "there is no layer",
  },
  {
    what: "a layer that is below itself",
    damage: (_, { layers }) =>
      edit(join(layers, "layers.json"), `"id":"${base}"`, `"id":"${base}","parent":"${base}"`),
    code: "E_BAD_MANIFEST",
    said: "no end",
  },
  {
    what: "a layer of another image",
    damage: (_, { layers }) =>
      edit(join(layers, "layers.json"), /"diff-digest":"sha256:..../, '"diff-digest":"sha256:0000'),
    code: "E_BAD_MANIFEST",
    said: "but the config names",
  },
  {
    what: "a layer that was pulled file by file",
    damage: (_, { layers }) => edit(join(layers, "layers.json"), '"diff-digest"', '"toc-digest"'),
    code: "E_UNSUPPORTED",
    said: "file by file",
  },
  {
    what: "an ID that leads elsewhere",
    damage: (_, { layers }) => edit(join(layers, "layers.json"), `"id":"${base}"`, '"id":"../../x"'),
    code: "E_BAD_MANIFEST",
    said: "",
  },
  {
    what: "a config that was changed",
    damage: (_, { image }) => {
      const config = readdirSync(image).find((name) =>
        readFileSync(join(image, name), "utf8").includes("A=1"),
      );
      edit(join(image, config ?? ""), "A=1", "A=2");
    },
    code: "E_DIGEST_MISMATCH",
    said: "its config",
  },
  {
    what: "a manifest that was changed",
    damage: (_, { image }) => edit(join(image, "manifest"), "{", "{ "),
    code: "E_DIGEST_MISMATCH",
    said: "its manifest",
  },
  {
    what: "a list that is cut off",
    damage: (store) => truncateSync(join(store, "vfs-images/images.json"), 100),
    code: "E_BAD_MANIFEST",
    said: "images.json",
  },
  {
    what: "another driver's storage",
    damage: (store) => {
      for (const part of ["images", "layers"])
        renameSync(join(store, `vfs-${part}`), join(store, `btrfs-${part}`));
    },
    code: "E_UNSUPPORTED",
    said: '"btrfs"',
  },
  {
    what: "no storage",
    damage: (store) => rmSync(store, { recursive: true }),
    code: "E_IMAGE_NOT_FOUND",
    said: "there is no storage",
  },
];

describe("refused, with nothing left", () => {
  for (const { what, damage, code, said } of DAMAGES) {
    testWith(STORAGE, what, async () => {
      const store = scratch("damaged");
      runOk("cp", ["-a", root("vfs"), store]);
      const layers = join(store, "vfs-layers");
      base = JSON.parse(readFileSync(join(layers, "layers.json"), "utf8"))[0].id;
      const images = join(store, "vfs-images");
      const image = readdirSync(images).find((name) => /^[a-f0-9]{64}$/.test(name)) ?? "";
      damage(store, { layers, files: join(store, "vfs/dir", base), image: join(images, image) });
      const out = scratch("refused");
      const source = `containers-storage:[${store}]app:1`;
      await expectError(convert({ source, out, platform: "linux/amd64" }), code, said);
      expect(existsSync(out)).toBe(false);
      rmSync(store, { recursive: true, force: true });
    });
  }
});

testWith(STORAGE, "a signal ends the reading, and nothing is left", async () => {
  const controller = new AbortController();
  const out = scratch("interrupted");
  const onProgress = ({ type }: ProgressEvent) => {
    if (type === "resolved") controller.abort();
  };
  const { signal } = controller;
  const options = { source: reference("overlay"), out, platform: "linux/amd64", signal, onProgress };
  await expectError(convert(options), "E_INTERRUPTED");
  expect(existsSync(out)).toBe(false);
});

test("storage is where its settings say", () => {
  const home = scratch("home");
  mkdirSync(join(home, ".config/containers"), { recursive: true });
  const none = { HOME: join(home, "nobody"), CONTAINERS_STORAGE_CONF: scratch("absent.conf") };
  const more = { XDG_DATA_HOME: "/data" };
  const user = { HOME: home };
  writeFileSync(
    join(home, ".config/containers/storage.conf"),
    '[storage]\ngraphroot="/mine"\n[storage.options]\nadditionalimagestores = [\n "/shared", # of all\n \'/more\'\n]\n',
  );
  const found = [
    storagePlaces({}, none, true).roots[0],
    storagePlaces({}, none, false).roots[0],
    storagePlaces({}, { ...none, ...more }, false).roots[0],
    ...storagePlaces({}, user, false).roots,
    storagePlaces({ root: "/given", driver: "vfs" }, user, false),
    storagePlaces({}, { ...user, STORAGE_DRIVER: "vfs" }, false).driver,
  ];
  expect(found).toEqual([
    "/var/lib/containers/storage",
    join(home, "nobody/.local/share/containers/storage"),
    "/data/containers/storage",
    ...["/mine", "/shared", "/more"],
    { roots: ["/given"], driver: "vfs" },
    "vfs",
  ]);
});

test("of TOML the texts are read, and nothing is made of the rest", () => {
  const text = `root = "/a\\"b#c" # root\nversion = 2\n[plugins."io.x"]\n  root = 'd'\nlist = ["e", 'f']\nnone = []\n[[registry]]\nroot = "g"\n[[registry]]\nroot = "h"\n`;
  expect([...readTomlStrings(text)]).toEqual([
    ["root", ['/a"b#c']],
    ["version", []],
    ['plugins."io.x".root', ["d"]],
    ['plugins."io.x".list', ["e", "f"]],
    ['plugins."io.x".none', []],
    // The last of several: none of them is anybody's setting.
    ["registry[].root", ["h"]],
  ]);
});

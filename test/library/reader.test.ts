/** Images that are read by the library: from files and memory, by names of any bytes. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { convert } from "../../src/convert/convert.ts";
import { openImage, verifyImage } from "../../src/reader/open-image.ts";
import { bytesOf } from "../../src/reader/text.ts";
import { expectError } from "../support/expect-error.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { scratchFolder } from "../support/scratch.ts";
import { tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();
const ODD = Buffer.from("odd\xff", "latin1");

let made: Promise<string> | undefined;

function image(): Promise<string> {
  made ??= (async () => {
    const items = [
      { path: bytesOf("dir/ünïcode"), data: Buffer.from("text") },
      { path: "dir/link", type: "symlink", linkname: bytesOf("ünïcode") },
      { path: "dir/fifo", type: "fifo" },
      { path: bytesOf(ODD), data: Buffer.from("bytes") },
    ] as const;
    buildLayout(scratch("layout"), { layers: [tar(items)] });
    const source = `oci:${scratch("layout")}`;
    return (await convert({ source, platform: "linux/amd64", out: scratch("out"), force: true })).rootfsPath;
  })();
  return made;
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const text = async (chunks: AsyncIterable<Uint8Array>) => Buffer.concat(await all(chunks)).toString("utf8");

describe("an image", () => {
  test("is listed and read, by text and by bytes, from a file and from memory", async () => {
    const path = await image();
    for (const input of [path, new Uint8Array(readFileSync(path))]) {
      const opened = await openImage(input);
      const entries = await all(opened.list("/", { recursive: true }));
      const paths = entries.map((entry) => entry.path).filter((name) => !name.startsWith("lost+found"));
      expect(paths.sort()).toEqual(["dir", "dir/fifo", "dir/link", "dir/ünïcode", "odd\ufffd"].sort());
      expect(entries.find((entry) => entry.path === "dir/link")?.target).toBe("ünïcode");
      expect(await text(opened.read("/dir/link"))).toBe("text");
      const odd = entries.find((entry) => entry.path.startsWith("odd"))?.pathBytes ?? new Uint8Array();
      expect(Buffer.from(odd)).toEqual(ODD);
      expect(await text(opened.read(odd))).toBe("bytes");
      expect(opened.inspect()).toMatchObject({ type: "ext4", label: "rootfs", clean: true });
      expect(opened.replay).toBeUndefined();
      opened.close();
    }
    expect(await verifyImage(path)).toMatchObject({ findings: [], directories: 3 });
  });

  test("is extracted, and made a tar of", async () => {
    const opened = await openImage(await image());
    const extraction = await opened.extract("/dir", scratch("extracted"));
    expect(extraction).toMatchObject({ files: 1, symlinks: 1, leftOut: [{ path: "fifo" }] });
    expect(readFileSync(scratch("extracted/ünïcode"), "utf8")).toBe("text");
    expect(await text(opened.tar("/dir"))).toContain("ustar");
    opened.close();
  });

  test("that is none, or lacks the path, is an error that names it", async () => {
    const path = await image();
    await expectError(openImage("/nowhere"), "E_IMAGE_NOT_FOUND", "/nowhere");
    await expectError(openImage(new Uint8Array(8192)), "E_INVALID_FILESYSTEM", "the image: ");
    const opened = await openImage(path);
    await expectError(all(opened.list("/none")), "E_PATH_NOT_FOUND", `${path}: `);
    await expectError(text(opened.read("/none")), "E_PATH_NOT_FOUND", `${path}: `);
    await expectError(opened.extract("/none", scratch("none")), "E_PATH_NOT_FOUND", `${path}: `);
    opened.close();
  });

  test("is left when the signal fires", async () => {
    const opened = await openImage(await image());
    const reason = new Error("enough");
    const signal = AbortSignal.abort(reason);
    for (const job of [
      () => all(opened.list("/", { signal })),
      () => text(opened.read("/dir/link", { signal })),
      () => text(opened.tar("/", { signal })),
    ]) {
      expect(await job().catch((error: unknown) => error)).toBe(reason);
    }
    opened.close();
  });
});

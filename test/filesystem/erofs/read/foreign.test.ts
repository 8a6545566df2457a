/** Images of mkfs.erofs in all its forms, against what the kernel shows of them. */
import { expect } from "bun:test";
import { join } from "node:path";
import { differences, kernelView, withMounted } from "../../../support/kernel-view.ts";
import { testWith } from "../../../support/oracles.ts";
import { readerView } from "../../reading/views.ts";
import { fillLarge, makeErofs, verifyFile, withFilesystem, withFolder } from "./support.ts";

const FORMS: Readonly<Record<string, string>> = {
  plain: "",
  "without inline data": "-Enoinline_data",
  "times in compact inodes": "-T1000000000",
  "extended inodes alone": "-Eforce-inode-extended",
  "attributes of two files or more shared": "-x1",
  "without attributes": "-x-1",
  "chunks of a block": "--chunksize=4096",
  "chunks of 64 KiB": "--chunksize=65536",
  "chunks with indexes": "-Eforce-chunk-indexes --chunksize=8192",
  "LZ4 in single blocks": "-zlz4",
  "LZ4HC in single blocks": "-zlz4hc",
  "LZ4 in pclusters of 64 KiB": "-zlz4 -C65536",
  "LZ4HC in pclusters of 1 MiB": "-zlz4hc -C1048576",
  "LZ4 of before 5.4, without padding, and full indexes": "-zlz4 -Elegacy-compress",
  "full indexes of pclusters of 16 KiB": "-zlz4 -Elegacy-compress -C16384",
  "ends behind indexes": "-zlz4 -Eztailpacking",
  "ends behind indexes, pclusters of 64 KiB": "-zlz4hc -Eztailpacking -C65536",
};

for (const [name, options] of Object.entries(FORMS)) {
  testWith(
    ["mkfs.erofs", "loop mount", "setfattr", "setfacl", "getfattr"],
    `${name}: everything reads as the kernel shows it, and verifies`,
    () => {
      withFolder((folder) => {
        const source = join(folder, "source");
        const path = join(folder, "image");
        fillLarge(source);
        makeErofs(path, options.split(" ").filter(Boolean), source);
        const want = withMounted(path, "ro", kernelView, "erofs");
        expect(differences(withFilesystem(path, readerView), want)).toEqual([]);
        expect(verifyFile(path)).toMatchObject({ findings: [], more: 0 });
      });
    },
  );
}

/** Images of mkfs.xfs in many forms, filled by the kernel, against what the kernel shows of them. */
import { expect } from "bun:test";
import { join } from "node:path";
import { differences, kernelView, withMounted } from "../../../support/kernel-view.ts";
import { runOk, testWith } from "../../../support/oracles.ts";
import { readerView } from "../../reading/views.ts";
import { makeXfs, populate, withFilesystem, withFolder } from "./support.ts";

const FORMS: Readonly<Record<string, string>> = {
  "as mkfs.xfs makes it": "",
  "all features of 6.1": "-m rmapbt=1,bigtime=1,inobtcount=1,reflink=1 -i nrext64=1",
  "kernels of 2014": "-m reflink=0,bigtime=0,inobtcount=0,finobt=0 -i sparse=0",
  "blocks of 1 KiB": "-b size=1024",
  "blocks of 1 KiB, directories in 4 KiB": "-b size=1024 -n size=4096",
  "directories in 64 KiB": "-n size=65536",
  "inodes of 2 KiB": "-i size=2048",
  "sectors of 4 KiB": "-s size=4096",
  "groups of an odd size": "-d agcount=7",
  "striped, with a log in strips": "-d su=64k,sw=2,agcount=4 -l su=64k,size=64m",
  "a UUID of its own for metadata": "-m uuid=01234567-89ab-cdef-0123-456789abcdef",
};
const ORACLES = ["mkfs.xfs", "loop mount", "setfattr", "setfacl", "getfattr"] as const;

for (const [name, options] of Object.entries(FORMS)) {
  testWith(ORACLES, `${name}: everything reads as the kernel shows it`, () => {
    withFolder((folder) => {
      const path = join(folder, "image");
      makeXfs(path, options.split(" ").filter(Boolean));
      if (name.startsWith("a UUID")) runOk("xfs_admin", ["-U", "generate", path]);
      populate(path);
      const want = withMounted(path, "ro,norecovery", kernelView, "xfs");
      expect(want.size).toBeGreaterThan(4000);
      expect(differences(withFilesystem(path, readerView), want)).toEqual([]);
    });
  });
}

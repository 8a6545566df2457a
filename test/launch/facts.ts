/** Every kind of machine that there are launch files for. */
import type { LaunchFacts, RootFacts } from "../../src/launch/facts.ts";

export const VERITY = { rootHash: "0a".repeat(32), salt: "0b".repeat(32), hashOffset: 40 * 4096 };

const TYPES = ["ext4", "ext3", "ext2", "erofs", "xfs"] as const;

function roots(): RootFacts[] {
  return TYPES.flatMap((type) =>
    [false, true].flatMap((readOnly) =>
      [undefined, VERITY].map((verity) => {
        const fileName = `rootfs.${type.startsWith("ext") ? "ext4" : type}`;
        return { fileName, type, readOnly, verity };
      }),
    ),
  );
}

/** Kinds, read-only or not, with and without hash trees, of both architectures. */
export function everyMachine(): LaunchFacts[] {
  return (["amd64", "arm64"] as const).flatMap((architecture) =>
    roots().flatMap((root, index) => ({
      architecture,
      root,
      writableDisk: index % 5 === 0 ? "writable.ext4" : undefined,
      name: `docker2vm-${index}`,
      folder: '/vm/it\'s <here> & "there"',
      // By turns, for they do not depend on the others.
      init: index % 2 === 0 ? "/sbin/ovms-init" : undefined,
      kernel: index % 3 === 0 ? "../kernels/vm linux" : "/boot/vmlinuz",
      initramfs: index % 4 === 0 ? "initramfs.gz" : undefined,
      memoryMiB: 256,
      cpus: 2,
    })),
  );
}

/** ovms-init as the first program of an initramfs: how it finds the root filesystem, and what it says where it does not. */
import { expect } from "bun:test";
import { fakeMachines } from "./booting.ts";

const { native } = fakeMachines({
  "/etc/ovms/modules": "# of this kernel\n\n  /lib/none.ko  debug=1\n",
});

/** A disk with a root filesystem of its own, of which the fake machine's is the initramfs. */
const disk = [
  'cp -a "$R/../root" "$R/../disk.d"; cp -a "$R/etc/ovms/config" "$R/../disk.d/etc/ovms"',
  'echo disk >"$R/../disk.d/etc/which"; dd if=/dev/zero of="$R/../disk" bs=1M count=0 seek=64 2>/dev/null',
  'mke2fs -q -t ext4 -d "$R/../disk.d" "$R/../disk"; rm -r "$R/../disk.d"',
  'loop=$(losetup -f --show "$R/../disk"); cp -a "$loop" "$R/dev/vda"',
].join("; ");
const after = 'losetup -d $(losetup -n -O NAME -j "$R/../disk")';
const NOT_LOADED = /^docker2vm: the module \/lib\/none.ko cannot be loaded: .*; is it of this kernel\?$/;
const config = {
  environment: ["PATH=/bin"],
  cmd: ["sh", "-c", "cat /etc/which; touch /x; ls /etc/ovms; exit 3"],
};

native(
  "the disk of root= is gone over to, whatever lies on it that the kernel knows, and its own init= runs",
  (boot) => {
    for (const words of ["", "rootfstype=ext4 rw", "rootfstype=xfs,ext4 init=/sbin/ovms-init"]) {
      const { stdout, stderr, status } = boot({
        config,
        before: disk,
        commandLine: `root=/dev/vda ${words}`,
      });
      expect([words, stdout, status]).toEqual([words, "disk\nconfig\n", 3]);
      const [first, ...rest] = stderr.split("\n");
      expect(first).toMatch(NOT_LOADED);
      expect(rest).toEqual([""]);
    }
  },
  "loop mount",
  "mke2fs",
);

native(
  "another init of that disk begins as if the kernel had started it: no signal is held back",
  (boot) => {
    const commandLine = "root=/dev/vda init=/bin/busybox -- grep SigBlk /proc/self/status";
    expect(boot({ config, before: disk, after, commandLine }).stdout).toBe("SigBlk:\t0000000000000000\n");
  },
  "loop mount",
  "mke2fs",
);

native(
  "a disk that nobody can write to is mounted read-only, asked for or not",
  (boot) => {
    const before = disk.replace("losetup -f", "losetup -r -f");
    for (const words of ["", "rw", "ro"]) {
      const ended = boot({ config, before, after, commandLine: `root=/dev/vda ${words}` });
      expect([words, ended.stdout, ended.status]).toEqual([words, "disk\nconfig\n", 3]);
      expect(ended.stderr).toContain("touch: /x: Read-only file system");
    }
  },
  "loop mount",
  "mke2fs",
);

native(
  "what stands in the way is told in a line",
  (boot) => {
    const table: [words: string, message: string][] = [
      ["", "root= names no device as /dev/vda does; mend root= and rootfstype="],
      ["root=UUID=1-2", "root=UUID=1-2 names no device as /dev/vda does"],
      ["root=/dev/vda rootfstype=xfs", "the root filesystem on /dev/vda cannot be mounted: Invalid argument"],
      [
        "root=/dev/vda init=/no",
        "the root filesystem's init /no cannot be started: No such file or directory",
      ],
    ];
    for (const [commandLine, message] of table) {
      const { stdout, stderr, status } = boot({ config, before: disk, after, commandLine });
      expect([commandLine, stdout, status]).toEqual([commandLine, "", 125]);
      expect(stderr).toContain(`docker2vm: ${message}`);
    }
  },
  "loop mount",
  "mke2fs",
);

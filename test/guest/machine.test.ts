/** ovms-init as a machine's first program: what it is told, how it ends, and what it does about what is wrong. */
import { describe, expect } from "bun:test";
import { encodeConfig } from "../../src/guest/config.ts";
import { fakeMachines, said, shell } from "./booting.ts";
import { NOTHING } from "./fake-machine.ts";

const PASSWD = "root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n";
const { each, native } = fakeMachines({ "/etc/passwd": PASSWD });

/** A script that is given a second to end: what the converter does not write, but the format has. */
function impatient(script: string): Uint8Array {
  const config = encodeConfig({ ...NOTHING, ...shell(script) });
  const end = "end\0\0";
  return Buffer.concat([config.subarray(0, -end.length), Buffer.from(`stop-seconds\x001\0${end}`)]);
}

const RESTART = 129;
const POWER_OFF = 130;

describe("the kernel command line", () => {
  const show = { environment: ["PATH=/bin"], entrypoint: ["printf", "<%s>"], cmd: ["image's"] };

  each("has the arguments behind --, as the kernel parts them, in place of Cmd", (boot) => {
    const of = (commandLine: string) => boot({ config: show, commandLine }).stdout;
    expect(of('console=ttyS0 -- a  "b c"\td="e f" "g=h i" j"k l"m --')).toBe(
      '<a><b c><d=e f><g=h i><j"k l"m><-->',
    );
    expect(of("quiet a -- ")).toBe("<image's>");
    expect(of('x="-- y" docker2vm.args="a b  c"')).toBe("<a><b><c>");
    expect(of("docker2vm.args=a docker2vm.args=b -- c")).toBe("<c>");
    expect(of("docker2vm.args=")).toBe("<>");
    expect(of('docker2vm.entrypoint="printf {%s}" -- a')).toBe("{a}");
    expect(of("docker2vm.entrypoint=echo")).toBe("\n");
  });

  each("goes before the configuration: environment, user, directory, name", (boot) => {
    const config = shell('echo "$A|$B|$C"; id -u; pwd; hostname; echo $HOME', {
      environment: ["A=1", "B=2"],
    });
    const words = [
      "docker2vm.env.B=3",
      'docker2vm.env.C="4 5"',
      "docker2vm.env.PATH=/bin",
      "docker2vm.user=app",
    ];
    const commandLine = [...words, "docker2vm.workdir=/tmp", "docker2vm.hostname=box"].join(" ");
    expect(boot({ config, commandLine })).toMatchObject(said("1|3|4 5\n1000\n/tmp\nbox\n/home/app\n"));
  });

  each("with a word that is none of this program's is told, and no hindrance", (boot) => {
    const commandLine = "root=/dev/vda docker2vm.agrs=x docker2vm.env.=y dash-word=1 a.b=2";
    const { stdout, stderr, status } = boot({ config: show, commandLine });
    expect({ stdout, status }).toEqual({ stdout: "<image's>", status: 0 });
    expect(stderr.split("\n")).toEqual([
      "docker2vm: 'docker2vm.agrs=x' on the kernel command line is nothing that this program knows",
      "docker2vm: '=y' is no NAME=VALUE for the environment, and left out",
      "",
    ]);
  });

  each("asks for a shell in place of the workload with docker2vm.debug, where there is one", (boot) => {
    const config = { cmd: ["/not/there"], user: "nobody", workingDirectory: "/bin/busybox" };
    const before = `printf '#!/bin/busybox sh\\nid -u; exit 4' >"$R/shell"; chmod 755 "$R/shell"; ln -sf /shell "$R/bin/sh"`;
    const commandLine = "docker2vm.debug docker2vm.env.PATH=/bin";
    expect(boot({ config, commandLine, before })).toMatchObject({ stdout: "0\n", stderr: "", status: 4 });
  });

  native("asks for a shell that is not there: one line says so", (boot) => {
    const none = boot({ config: shell("true"), commandLine: "docker2vm.debug", before: 'rm "$R/bin/sh"' });
    expect(none).toMatchObject({ stdout: "", status: 125 });
    expect(none.stderr).toStartWith(
      "docker2vm: the image has no shell for docker2vm.debug; take that word off",
    );
  });
});

describe("the end", () => {
  native(
    "is a restart where powering off would not end the machine, else a power-off, or what is asked for",
    (boot) => {
      const table: [commandLine: string, acpi: boolean, ended: number][] = [
        ["", true, POWER_OFF],
        ["", false, process.arch === "arm64" ? POWER_OFF : RESTART],
        ["reboot=k panic=1", true, RESTART],
        ["reboot=t", true, RESTART],
        ["reboot=acpi", true, POWER_OFF],
        ["ovms.end=reboot", true, RESTART],
        ["ovms.end=poweroff reboot=k", false, POWER_OFF],
        ["-- reboot=k ovms.end=reboot", true, POWER_OFF],
      ];
      for (const [commandLine, acpi, ended] of table) {
        const before = acpi ? 'mkdir -p "$R/sys/firmware/acpi"' : "";
        const config = { entrypoint: ["/bin/true"] };
        expect([commandLine, acpi, boot({ config, commandLine, before }).ended]).toEqual([
          commandLine,
          acpi,
          ended,
        ]);
      }
    },
  );

  native("leaves the status in the image, the last thing that is written: / is read-only then", (boot) => {
    // What lies in the way of it there does not stop the machine.
    const config = shell("ls /etc/ovms; busybox mkfifo /etc/ovms/exit-status; exit 9");
    const files = { "/etc/ovms/exit-status": "old\n" };
    const ended = boot({
      config,
      files,
      after: "cat etc/ovms/exit-status; touch x 2>/dev/null || echo read-only",
    });
    expect(ended).toMatchObject({ stdout: "config\n", status: 9, after: "9\nread-only\n" });
  });

  native("of a workload that switches the machine off or restarts it is just that, with status 0", (boot) => {
    const before = 'mkdir -p "$R/sys/firmware/acpi"';
    const ended = (script: string) => boot({ config: shell(script), before });
    expect(ended("poweroff -f")).toMatchObject({ status: 0, ended: POWER_OFF });
    expect(ended("reboot -f")).toMatchObject({ status: 0, ended: RESTART });
  });

  native("takes along what the workload has started, a thousand orphans included", (boot) => {
    // A child is a shell until it has become the program.
    const orphans =
      "for i in $(seq 1000); do (sleep 1000 &) ; done; " +
      "until [ $(ps | grep -c ' sleep 1000$') = 1000 ]; do :; done; echo 1000; exit 5";
    expect(boot({ config: shell(orphans) })).toMatchObject({ stdout: "1000\n", stderr: "", status: 5 });
  });

  native("with pid1=init the orphans are reaped, and what is left is ended", (boot) => {
    const orphans =
      "for i in $(seq 1000); do (true &); done; (trap '' TERM; sleep 1000 &); " +
      "until ps | grep -q ' sleep 1000$'; do :; done; while ps -o stat | grep -q Z; do :; done; " +
      "echo gone; test $$ != 1 && kill -9 $$";
    const ended = boot({ config: impatient(orphans), commandLine: "docker2vm.pid1=init" });
    expect(ended).toMatchObject({ stdout: "gone\n", stderr: "", status: 137 });
  });

  native(
    "with pid1=init the disks that the workload has mounted are left clean",
    (boot) => {
      const image = '"$R/../disk"';
      const before = [
        `rm -f ${image}; dd if=/dev/zero of=${image} bs=1M count=0 seek=16 2>/dev/null; mke2fs -q -t ext4 ${image}`,
        `loop=$(losetup -f --show ${image}); cp -a "$loop" "$R/dev/vdb"; mkdir "$R/a b"`,
      ].join("; ");
      const config = shell("busybox mount -t ext4 /dev/vdb '/a b' && echo x >'/a b/x'; exit 4");
      const after = `losetup -d $(losetup -n -O NAME -j ${image}); e2fsck -fn ${image} 2>&1; debugfs -R 'cat x' ${image} 2>/dev/null`;
      const ended = boot({ config, before, after, commandLine: "docker2vm.pid1=init" });
      expect(ended).toMatchObject({ stdout: "", stderr: "", status: 4 });
      expect(ended.after).toContain("Pass 5");
      expect(ended.after).not.toMatch(/journal|warning/i);
      expect(ended.after).toEndWith("x\n");
    },
    "loop mount",
    "mke2fs",
    "e2fsck",
    "debugfs",
  );

  native("of a workload by a signal of its own doing is 128 and the signal", (boot) => {
    // Signals that it sends itself do nothing to a namespace's first process; a fault does.
    const config = { entrypoint: ["/crash"] };
    const before = `cp "$R/bin/busybox" "$R/crash"; printf '\\314' | dd of="$R/crash" bs=1 conv=notrunc seek=$ENTRY 2>/dev/null`;
    const entry = `ENTRY=$(od -A n -t u8 -j 24 -N 8 "$R/bin/busybox"); ENTRY=$((ENTRY - 4194304)); `;
    expect(boot({ config, before: entry + before }).status).toBe(133);
  });
});

describe("a signal", () => {
  /** Sends it to the first process once the workload is ready. */
  const send = (name: string) => `(while [ ! -e "$R/tmp/ready" ]; do sleep 0.05; done; kill -${name} 1) &`;
  const traps = (names: string) =>
    `for s in ${names}; do trap "echo $s; exit 33" $s; done; touch /tmp/ready; while :; do sleep 0.05; done`;

  native("that stops a machine becomes the image's StopSignal, and the workload's status counts", (boot) => {
    for (const name of ["INT", "TERM", "PWR"]) {
      const config = shell(traps("INT TERM PWR QUIT"), { stopSignal: 3 });
      expect(boot({ config, before: send(name) })).toMatchObject({ stdout: "QUIT\n", status: 33 });
    }
  });

  native("of another kind is passed on", (boot) => {
    for (const name of ["HUP", "USR1", "WINCH"]) {
      const ended = boot({ config: shell(traps("HUP USR1 WINCH TERM")), before: send(name) });
      expect(ended).toMatchObject({ stdout: `${name}\n`, status: 33 });
    }
  });

  native("that the workload does not hear is followed by SIGKILL", (boot) => {
    const config = impatient("touch /tmp/ready; sleep 1000");
    expect(boot({ config, before: send("TERM") })).toMatchObject({ stdout: "", status: 137 });
  });
});

describe("the root filesystem", () => {
  const config = shell(
    "echo new >/etc/new; cat /etc/old; echo changed >/etc/old; cat /etc/new /etc/old; ls /dev/.ovms",
  );
  const files = { "/etc/old": "old\n" };
  const ro = 'mount -o remount,ro "$R"';
  /** As the profile adds them. */
  const hostFiles = ': >"$R/etc/hosts"; : >"$R/etc/hostname"';

  native("that the kernel has mounted read-only becomes writable, unless it was told so", (boot) => {
    const changed = "old\nnew\nchanged\n";
    const writable = boot({
      config: shell("echo new >/etc/new; cat /etc/old; cat /etc/new; echo changed"),
      files,
      before: ro,
      commandLine: "ro rw",
    });
    expect(writable).toMatchObject(said(changed));
    const kept = boot({
      config: shell("touch /x || exit 3"),
      before: `${hostFiles}; ${ro}`,
      commandLine: "rw ro",
    });
    expect(kept).toMatchObject({ stdout: "", status: 3 });
    expect(kept.stderr).toBe("touch: /x: Read-only file system\n");
  });

  native(
    "of a filesystem that is always read-only: one line says so, and what to do, and the workload runs",
    (boot) => {
      const before = [
        hostFiles,
        'cd "$R"; mkdir -p dev/flat/proc dev/flat/sys dev/flat/dev dev/over',
        "cp -a bin etc lib lib64 sbin tmp usr dev/flat; mkfs.erofs --quiet dev/image dev/flat",
        "loop=$(losetup --find --show dev/image)",
        'mount -t erofs -o ro "$loop" dev/over; losetup --detach "$loop"',
        "for folder in proc sys dev; do mount --rbind $folder dev/over/$folder; done",
        'R="$R/dev/over"',
      ].join("; ");
      const ended = boot({ config: shell("cat /etc/old"), files, before });
      expect(ended).toMatchObject({ stdout: "old\n", status: 0 });
      expect(ended.stderr).toBe(
        "docker2vm: / stays read-only: Read-only file system; docker2vm.root=overlay lets changes go to memory\n",
      );
    },
    "mkfs.erofs",
  );

  native("that stays read-only has all mounts, and its host files", (boot) => {
    const script = "cat /etc/hostname; ls /dev/shm /dev/pts; echo x >/dev/shm/x";
    const before = `${hostFiles}; ${ro}`;
    const ended = boot({ config: shell(script, { hostname: "box" }), before, commandLine: "ro" });
    expect(ended.stderr).toBe("");
    expect(ended).toMatchObject({ status: 0, after: "" });
    expect(ended.stdout).toStartWith("box\n");
  });

  native("without a folder to mount on, read-only: one line says what to do", (boot) => {
    const before = `umount "$R/sys"; rmdir "$R/sys"; ${ro}`;
    const ended = boot({ config, before, commandLine: "ro" });
    const line =
      "cannot mount sysfs on /sys: Read-only file system; the image lacks the folder: convert it with";
    expect(ended).toMatchObject({ stdout: "", status: 125 });
    expect(ended.stderr).toStartWith(`docker2vm: ${line}`);
  });

  native("under an overlay in memory keeps what the image has", (boot) => {
    // The overlay lies over the root, for this machine too.
    const after = 'cd /; umount -l "$R"; cd "$R"; cat etc/old; ls etc etc/ovms';
    for (const commandLine of ["docker2vm.root=overlay", "ro docker2vm.root=overlay"]) {
      const ended = boot({ config, files, before: ro, commandLine, after });
      expect(ended.stdout).toBe("old\nnew\nchanged\n");
      expect(ended.status).not.toBe(125);
      expect(ended.after).toBe("old\netc:\nold\novms\npasswd\n\netc/ovms:\nconfig\n");
    }
  });

  native(
    "under an overlay on a disk: what is changed is there at the next boot, and the disk is clean",
    (boot) => {
      const disk = 'dd if=/dev/zero of="$R/../disk" bs=1M count=0 seek=64 2>/dev/null';
      const device = 'loop=$(losetup -f --show "$R/../disk"); cp -a "$loop" "$R/dev/vdb"';
      const after =
        'losetup -d $(losetup -n -O NAME -j "$R/../disk"); e2fsck -fn "$R/../disk" 2>&1 || echo broken';
      const machine = { config, files, commandLine: "docker2vm.root=overlay:/dev/vdb", after };
      // It comes when it is waited for: drivers look for their disks beside the first program.
      const late = `(until grep -q waiting "$R/../stderr"; do sleep 0.05; done; ${device}) &`;
      const first = boot({ ...machine, before: `${disk}; mke2fs -q -t ext4 "$R/../disk"; ${late} ${ro}` });
      expect(first).toMatchObject({ stdout: "old\nnew\nchanged\n" });
      expect(first.stderr).toContain("docker2vm: waiting for the disk /dev/vdb\n");
      const second = boot({
        ...machine,
        config: shell("cat /etc/old /etc/new; exit 6"),
        before: `${device}; ${ro}`,
      });
      expect(second).toMatchObject({ stdout: "changed\nnew\n", status: 6 });
      for (const { after: checked } of [first, second]) {
        expect(checked).toContain("Pass 5");
        expect(checked).not.toMatch(/journal|warning|broken/i);
      }
    },
    "loop mount",
    "mke2fs",
    "e2fsck",
  );

  native("that is asked for as it cannot be is refused", (boot) => {
    const table: [root: string, message: string][] = [
      ["overlay:/dev/null", "the disk for the overlay cannot be mounted for writing: /dev/null"],
      ["overlay:vdb", "docker2vm.root=overlay:vdb is none of rw, ro, overlay, overlay:/dev/DISK"],
    ];
    for (const [root, message] of table) {
      const ended = boot({ config, commandLine: `docker2vm.root=${root}` });
      expect(ended).toMatchObject({ stdout: "", status: 125 });
      expect(ended.stderr).toStartWith(`docker2vm: ${message}`);
    }
  });
});

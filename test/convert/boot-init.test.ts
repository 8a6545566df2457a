/** Images with the profile init in a real kernel: what the workload finds, what is told of its end, how the machine ends. */
import { describe, expect } from "bun:test";
import { readFileSync } from "node:fs";
import { type ConvertResult, convert } from "../../src/convert/convert.ts";
import type { ConvertOptions } from "../../src/convert/options.ts";
import { runWith } from "../cli/fake-host.ts";
import { type BootOptions, boot } from "../support/boot.ts";
import { alpineLayout } from "../support/images.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { expectCleanFilesystem, findOracle, type Oracle, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();
const QEMU: readonly Oracle[] = ["qemu-system-x86_64", "apt-get", "dpkg-deb", "e2fsck"];
let images = 0;

async function machine(source: string, more: Partial<ConvertOptions> = {}): Promise<ConvertResult> {
  const out = scratch(`vm${images++}`);
  return await convert({ source, platform: "linux/amd64", out, profile: { name: "init" }, ...more });
}

/** What was said between the kernel's last words and the marker, and the status in that. */
async function run({ rootfsPath }: ConvertResult, words = "", options: BootOptions = {}) {
  const text = await boot(rootfsPath, `rw quiet init=/sbin/ovms-init ${words}`, options);
  const said = text.replaceAll("\r", "");
  const marker = [...said.matchAll(/^ovms-exit: (\d+)$/gm)].at(-1);
  return { said, status: marker === undefined ? undefined : Number(marker[1]) };
}

async function exitStatusIn({ rootfsPath }: ConvertResult): Promise<string> {
  return (await runWith(["cat", rootfsPath, "/etc/ovms/exit-status"])).stdout;
}

/** An image of one static program. Needs busybox. */
function oneProgram(config: Readonly<Record<string, unknown>>): string {
  const layout = scratch(`image${images++}`);
  const data = readFileSync(findOracle("busybox") ?? "");
  buildLayout(layout, { layers: [tar([{ path: "busybox", mode: 0o755, data }])], config, tag: "t" });
  return `oci:${layout}:t`;
}

const alpine = alpineLayout();
if (alpine !== undefined) {
  testWith(
    QEMU,
    "Alpine's workload: as in a container, on the console, and the disk is clean behind it",
    async () => {
      const script = [
        'id; pwd; echo "$GREETING|$HOME|$TERM|$PATH"; tty; echo typed >/dev/tty; echo $$; hostname; cat /etc/hosts',
        "ulimit -n; cat /proc/mounts; cat /proc/sys/net/ipv4/ip_unprivileged_port_start; cd /run/lock && pwd",
        "apk --version >/dev/null; ls / >/kept; exit 7",
      ].join("; ");
      const workload = {
        cmd: ["sh", "-c", script],
        env: ["GREETING=a b"],
        workdir: "/new/dir",
        hostname: "box",
      };
      const made = await machine(`oci:${alpine}`, { profile: { name: "init", workload } });
      const { said, status } = await run(made);
      const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
      for (const line of [
        "uid=0(root) gid=0(root) groups=0(root),1(bin),2(daemon)",
        `\n/new/dir\na b|/root|xterm|${path}\n/dev/console\ntyped\n1\nbox\n127.0.0.1\tlocalhost localhost.localdomain\n`,
        "127.0.1.1\tbox\n1048576\n/dev/root / ext4 rw,",
        "\ndevtmpfs /dev devtmpfs rw,nosuid,",
        "\nsysfs /sys sysfs rw,nosuid,nodev,noexec,",
        "\ncgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nodev,noexec,relatime,nsdelegate",
        "\nproc /proc proc rw,nosuid,nodev,noexec,",
        "\ntmpfs /run tmpfs rw,nosuid,nodev,",
        "\ntmpfs /tmp tmpfs rw,nosuid,nodev,",
        "\n0\n/run/lock\n",
        "\novms-exit: 7\n",
        "reboot: Power down",
      ]) {
        expect(said).toContain(line);
      }
      expect(status).toBe(7);
      expectCleanFilesystem(made.rootfsPath);
      expect(await exitStatusIn(made)).toBe("7\n");
      expect((await runWith(["cat", made.rootfsPath, "/kept"])).stdout).toContain("sbin\n");
    },
  );
}

describe("an image of one static program", () => {
  const config = {
    Entrypoint: ["/busybox", "sh", "-c"],
    Cmd: ['/busybox id; /busybox pwd; echo "$A"; exit 9'],
    Env: ["A=image's"],
    User: "65532:100",
    WorkingDir: "/srv/deep",
  };

  testWith(
    [...QEMU, "busybox"],
    "runs as its user in its folder, and a machine without power management ends by itself",
    async () => {
      const made = await machine(oneProgram(config));
      // As Firecracker starts it, and where nobody has thought of that.
      for (const words of ["acpi=off reboot=k", "acpi=off"]) {
        const { said, status } = await run(made, words);
        expect(said).toContain("uid=65532 gid=100 groups=100\n/srv/deep\nimage's\n");
        expect(said).toContain("reboot: Restarting system");
        expect(status).toBe(9);
        expectCleanFilesystem(made.rootfsPath);
      }
    },
  );

  testWith(
    [...QEMU, "busybox"],
    "takes arguments and variables from the kernel command line, and tells QEMU its status",
    async () => {
      const made = await machine(oneProgram(config), { filesystem: { readOnly: true } });
      const words = 'ro docker2vm.env.A="not the image\'s" docker2vm.qemu-exit -- ';
      const devices = ["-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"];
      const script = '"echo $A; /busybox touch /x; exit 3"';
      const { said, status } = await run(made, `${words}${script}`, { devices, status: 7 });
      expect(said).toContain("not the image's\ntouch: /x: Read-only file system\n");
      expect(said).not.toContain("docker2vm: ");
      expect(status).toBe(3);
      // A restart is none of the ends that QEMU is told.
      const restart = `docker2vm.user=0 ${words}"/busybox reboot -f"`;
      expect((await run(made, restart, { devices, status: 0 })).said).toContain("Restarting system");
      expectCleanFilesystem(made.rootfsPath);
    },
  );

  testWith(
    [...QEMU, "busybox"],
    "is sent its StopSignal on Ctrl-Alt-Del, and its own status counts",
    async () => {
      const script = "trap 'echo stopping; exit 33' QUIT; echo ready; while :; do /busybox sleep 1; done";
      const made = await machine(oneProgram({ ...config, Cmd: [script], StopSignal: "SIGQUIT" }));
      const command = { after: "ready", text: "sendkey ctrl-alt-delete" };
      const { said, status } = await run(made, "", { command });
      expect(said).toContain("stopping\n");
      expect(status).toBe(33);
      expectCleanFilesystem(made.rootfsPath);
    },
  );

  testWith(
    [...QEMU, "busybox"],
    "that cannot run, or cannot be run so: one line, the status, and the machine ends",
    async () => {
      const made = await machine(oneProgram({ ...config, User: "who" }));
      const nobody = await run(made);
      expect(nobody.said).toContain(
        "docker2vm: /etc/passwd has no user 'who'; give another one: --user when",
      );
      expect(nobody.status).toBe(125);
      expect(await exitStatusIn(made)).toBe("125\n");
      // Debian's kernel has no overlayfs but as a module.
      const overlay = await run(made, "docker2vm.root=overlay docker2vm.user=0");
      expect(overlay.said).toContain(
        "docker2vm: cannot mount overlay on /dev/.ovms/root: No such device; boot a",
      );
      expect(overlay.status).toBe(125);
      const missing = await run(made, "docker2vm.user=0 docker2vm.workdir=/busybox");
      expect(missing.said).toContain(
        "docker2vm: the working directory /busybox cannot be made: Not a directory; ",
      );
      expect(missing.status).toBe(125);
    },
  );
});

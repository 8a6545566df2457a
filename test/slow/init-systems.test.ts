/** Images with an init of their own in a real kernel: systemd, and cloud-init by either kind of seed, run the workload. */
import { describe, expect } from "bun:test";
import { readFileSync } from "node:fs";
import { type ConvertResult, convert } from "../../src/convert/convert.ts";
import type { ProfileSettings } from "../../src/convert/options.ts";
import { bootCommand } from "../boot/machines.ts";
import { boot, cloudKernel } from "../support/boot.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { expectCleanFilesystem, type Oracle, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";
import { fatModulesTar, SYSTEMD_IMAGE_ORACLES, systemdTar } from "../support/systemd-image.ts";

const scratch = scratchFolder();
const NEEDED: readonly Oracle[] = [...SYSTEMD_IMAGE_ORACLES, "qemu-system-x86_64", "dpkg-deb", "e2fsck"];

/** What systemd, shells and YAML each read as more than it is. */
const HOSTILE = "%n %% $HOME $\u007bHOME} `id` \\n \" ' ; # {{v}} =\n\t\u00fc\u2028: - |";
const ENV = [
  "PATH=/usr/bin:/bin",
  `HOSTILE=${HOSTILE}`,
  `my.setting-with${"%i"}=1=2`,
  "EMPTY=",
  "LANG=xx",
  " blank =\\",
];
const ARGUMENTS = [HOSTILE, "", "-c", "%s", "null", "0755"];
const WORKDIR = "/srv/a b/%h $x 'q' \"\u00fc";
const STOP_SIGNAL = 37;

/**
 * Tells all that it was given in one write, in base64: others talk on the console, too. Then it waits to be stopped.
 */
const SCRIPT = `
trap 'echo stopped by ${STOP_SIGNAL}; exit 3' ${STOP_SIGNAL}
report() {
  for what in cmdline environ; do base64 -w0 /proc/$$/$what; echo; done
  pwd | base64 -w0; echo
  id; uname -n; grep -E '^(SigIgn|Groups):' /proc/$$/status
  cat /proc/sys/net/ipv4/ip_unprivileged_port_start
  test -d '/data/%v $y' && echo volume
  ulimit -n; umask
}
printf 'report:%s:end\\n' "$(report | base64 -w0)" >/dev/stdout
echo ready for its end
while :; do sleep 1; done
`;
const COMMAND = ["/bin/sh", "-c", SCRIPT, "sh"];

describe("a workload of hostile texts", () => {
  let built: string | undefined;

  /** The layout, made when it is first wanted. */
  function image(): string {
    if (built !== undefined) return built;
    const layout = scratch("image");
    buildLayout(layout, {
      layers: [readFileSync(systemdTar()), fatModulesTar()],
      compress: "none",
      tag: "t",
      config: {
        Entrypoint: COMMAND,
        Cmd: ARGUMENTS,
        Env: ENV,
        WorkingDir: WORKDIR,
        User: "4242:4343",
        StopSignal: "SIGRTMIN+3",
        Volumes: { "/data/%v $y": {} },
      },
    });
    built = layout;
    return layout;
  }

  async function machine(out: string, profile: ProfileSettings): Promise<ConvertResult> {
    const workload = { hostname: "box" };
    return await convert({
      source: `oci:${image()}:t`,
      platform: "linux/amd64",
      out: scratch(out),
      filesystem: { free: 64 << 20 },
      profile: { ...profile, workload },
    });
  }

  /** Boots until the workload is ready, presses Ctrl-Alt-Del, and looks at what was said. */
  async function expectWorkload({ rootfsPath }: ConvertResult, devices: readonly string[] = []) {
    const command = { after: "ready for its end", text: "sendkey ctrl-alt-delete" };
    const said = await boot(rootfsPath, "rw quiet", { command, devices });
    const report = /report:([A-Za-z0-9+/=]+):end/.exec(said)?.[1];
    if (report === undefined) throw new Error(`there is no report in:\n${said}`);
    const lines = decoded(report).split("\n");
    expect(decoded(lines[0]).split("\0")).toEqual([...COMMAND, ...ARGUMENTS, ""]);
    const env = ["PATH=/usr/bin:/bin", "HOSTNAME=box", ...ENV.slice(1), "HOME=/", ""];
    expect(decoded(lines[1]).split("\0")).toEqual(env);
    expect(decoded(lines[2])).toBe(`${WORKDIR}\n`);
    expect(lines.slice(3)).toEqual([
      ...["uid=4242 gid=4343 groups=4343", "box", "Groups:\t4343 ", "SigIgn:\t0000000000000000"],
      ...["0", "volume", "1048576", "0022", ""],
    ]);
    expect(said).toContain(`stopped by ${STOP_SIGNAL}\r\n`);
    expectCleanFilesystem(rootfsPath);
    return said;
  }

  testWith(NEEDED, "is systemd's service, and its status is told when it was stopped", async () => {
    const said = await expectWorkload(await machine("systemd", { name: "systemd" }));
    expect(said).toContain("\novms-exit: 3\r\n");
  });

  testWith(NEEDED, "that ends by itself, and well, ends its machine, and its status is told", async () => {
    const out = scratch("ended");
    const { rootfsPath } = await convert({
      source: `oci:${image()}:t`,
      platform: "linux/amd64",
      out,
      filesystem: { free: 64 << 20 },
      profile: { name: "systemd", workload: { entrypoint: ["sh", "-c", "echo bye"] } },
    });
    const { code, stdout } = await bootCommand([out, "--kernel", cloudKernel(), "--memory=1G"]);
    expect(stdout).toContain("bye\n");
    expect(stdout).toContain("\novms-exit: 0\n");
    expect(code).toBe(0);
    expectCleanFilesystem(rootfsPath);
  });

  testWith(NEEDED, "is cloud-init's to start, by a seed in the image", async () => {
    await expectWorkload(await machine("seed", { name: "cloud-init" }));
  });

  testWith(NEEDED, "is cloud-init's to start, by a seed on a disk of its own", async () => {
    const made = await machine("volume", { name: "cloud-init", seedImage: true });
    expect(made.metadata.injection?.paths).toEqual([]);
    const disk = `file=${scratch("volume/seed.img")},if=none,id=seed,format=raw,readonly=on`;
    await expectWorkload(made, ["-drive", disk, "-device", "nvme,drive=seed,serial=seed"]);
  });
});

function decoded(base64 = ""): string {
  return Buffer.from(base64, "base64").toString();
}

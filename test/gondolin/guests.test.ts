/** Images converted with --mode assets, booted by the real Gondolin, as whoever uses them sees them. */
import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DEBIAN_CONFIG, DEBIAN_FILES, debianImage } from "../support/gondolin/debian-image.ts";
import { guestImage, RUN } from "../support/gondolin/guest-image.ts";
import { gondolinCli } from "../support/gondolin/install.ts";
import { guestOracles } from "../support/gondolin/needs.ts";
import { expectNetwork, expectResolver, NETWORK, RESOLVER } from "../support/gondolin/network.ts";
import { askGuest, type GuestResult } from "../support/gondolin/run-guest.ts";
import { scratchImage } from "../support/gondolin/scratch-image.ts";
import { alpineLayout } from "../support/images.ts";
import { runOk, testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();
/** The first test on a machine fetches and compiles. */
const FIRST_MS = 900_000;
const BUNDLE = "/run/gondolin/ca-certificates.crt";
const TRUST = {
  SSL_CERT_FILE: BUNDLE,
  CURL_CA_BUNDLE: BUNDLE,
  REQUESTS_CA_BUNDLE: BUNDLE,
  NODE_EXTRA_CA_CERTS: "/etc/gondolin/mitm/ca.crt",
};

function saying(stdout: string, exitCode = 0): GuestResult {
  return { stdout, stderr: "", exitCode };
}

/** What `env -0` printed, and what an image's config says. */
function variables(entries: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    entries.map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]),
  );
}

function printed({ stdout, stderr, exitCode }: GuestResult): Record<string, string> {
  expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  return variables(stdout.split("\0").slice(0, -1));
}

const IMAGES_OWN = variables(DEBIAN_CONFIG.Env);
const asNobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];

testWith(
  [...guestOracles(), "mmdebstrap", "busybox"],
  "a Debian image: its programs, files, privileges, environment and workload",
  async () => {
    const image = scratch("debian");
    await guestImage(debianImage(), image);
    const { checksums } = JSON.parse(readFileSync(join(image, "manifest.json"), "utf8"));
    const said = await askGuest(
      { image },
      {
        program: ["/usr/bin/dpkg", "--print-architecture"],
        shell: ["/bin/sh", "-c", "echo out; echo err >&2; exit 7"],
        text: "cat /etc/hostname /nowhere; exit 3",
        written: "touch /srv/app/written && ls /srv/app",
        modes: ["stat", "-c", "%u:%g %a %F", DEBIAN_FILES.owned, DEBIAN_FILES.setuid, DEBIAN_FILES.capable],
        incapable: [...asNobody, "/bin/cat", DEBIAN_FILES.owned],
        capable: [...asNobody, DEBIAN_FILES.capable, "cat", DEBIAN_FILES.owned],
        network: NETWORK,
        resolver: RESOLVER,
        log: 'for p in /proc/[0-9]*; do if [ "$(cat "$p/comm")" = sandboxfs ]; then readlink "$p/fd/1"; fi; done',
        environment: ["/usr/bin/env", "-0"],
        callers: { exec: ["/usr/bin/env", "-0"], env: { LANG: "C", MINE: "1" } },
        callersInLoginShell: { exec: "env -0", env: { LANG: "C", MINE: "1", PATH: "/mine:/usr/bin" } },
        workload: [RUN],
        workloadOfLoginShell: RUN,
        callersWorkload: { exec: [RUN], env: { LANG: "C", PATH: "/mine:/usr/bin" } },
        otherCommand: [RUN, "sh", "-c", 'id -un; id -G; pwd; echo "$0"; exit 7', "x y"],
      },
    );
    expect(said.program).toEqual(saying("amd64\n"));
    expect(said.shell).toEqual({ stdout: "out\n", stderr: "err\n", exitCode: 7 });
    expect(said.text.exitCode).toBe(3);
    expect(said.written).toEqual(saying("owned\nwritten\n"));
    const modes = ["1000:1000 600 regular file", "0:0 4755 regular file", "0:0 755 regular file", ""];
    expect(said.modes).toEqual(saying(modes.join("\n")));
    expect(said.incapable.stderr).toContain("Permission denied");
    expect(said.capable).toEqual(saying("owned\n"));
    expectNetwork(said.network);
    expectResolver(said.resolver);
    // init found it when it began: what it starts logs there.
    expect(said.log).toEqual(saying("/dev/console\n"));

    const { "my.setting": noShells, ...shells } = IMAGES_OWN;
    const inGuest = { ...shells, ...TRUST, PATH: `${IMAGES_OWN["PATH"]}:/usr/sbin:/sbin` };
    expect(printed(said.environment)).toMatchObject({ ...inGuest, HOME: "/root" });
    expect(printed(said.environment)).not.toHaveProperty(["my.setting"]);
    expect(printed(said.callers)).toMatchObject({ ...inGuest, LANG: "C", MINE: "1" });
    expect(printed(said.callersInLoginShell)).toMatchObject({ ...inGuest, LANG: "C", MINE: "1" });

    const workload = { ...IMAGES_OWN, ...TRUST, HOME: "/var/www" };
    expect(workload).toMatchObject({ "my.setting": noShells });
    expect(printed(said.workload)).toEqual(workload);
    expect(printed(said.workloadOfLoginShell)).toEqual(workload);
    expect(printed(said.callersWorkload)).toEqual({ ...workload, LANG: "C", PATH: "/mine:/usr/bin" });
    expect(said.otherCommand).toEqual(saying("www-data\n33\n/srv/app\nx y\n", 7));
    // What was written went into an overlay: Gondolin's default.
    expect(runOk("sha256sum", [join(image, "rootfs.ext4")])).toStartWith(checksums.rootfs);
  },
  FIRST_MS,
);

const alpine = alpineLayout();
if (alpine !== undefined) {
  testWith(
    guestOracles(),
    "an Alpine image on a base of Alpine's, keeping what is written in memory",
    async () => {
      const image = scratch("alpine");
      await guestImage(alpine, image, { userland: "alpine" });
      const said = await askGuest(
        { image, rootfsMode: "memory" },
        {
          program: ["/sbin/apk", "--print-arch"],
          shell: ["/bin/sh", "-c", "echo $0; exit 7"],
          text: "touch /written && cut -d. -f1 /etc/alpine-release",
          network: NETWORK,
          resolver: RESOLVER,
          route: "ip route get 1.1.1.1",
          workload: [RUN],
          otherCommand: [RUN, "sh", "-c", "echo $PATH; exit 7"],
        },
      );
      expect(said.program).toEqual(saying("x86_64\n"));
      expect(said.shell).toEqual(saying("/bin/sh\n", 7));
      expect(said.text).toEqual(saying("3\n"));
      expectNetwork(said.network);
      expect(said.resolver.stdout).toContain("nameserver 192.168.127.1\n");
      expect(said.route.stdout).toContain("via 192.168.127.1 dev eth0");
      // The workload is a shell, and there is nothing for it to read.
      expect(said.workload).toEqual(saying(""));
      const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
      expect(said.otherCommand).toEqual(saying(`${path}\n`, 7));
    },
    FIRST_MS,
  );
}

const STARTED = ["user 65532:65532", "directory /app", 'greeting it\'s "here" for $5'];

function started(...args: string[]): string {
  return [...STARTED, ...args.map((arg) => `argument ${arg}`), ""].join("\n");
}

testWith(
  guestOracles(),
  "an image without shell and libraries, read-only",
  async () => {
    const image = scratch("read-only");
    await guestImage(scratchImage("amd64"), image);
    const said = await askGuest(
      { image, rootfsMode: "readonly" },
      {
        program: ["/app/tool", "7", "x y"],
        shell: ["/bin/sh", "-c", "echo out; echo err >&2; exit 7"],
        readOnly: "mkdir /app/made",
        write: { writeFile: "/tmp/written", contents: "\u00fc\n" },
        read: { readFile: "/tmp/written" },
        readOwn: { readFile: "/etc/passwd" },
        network: NETWORK,
        workload: [RUN],
        otherArguments: [RUN, "7", "x y"],
        callers: { exec: [RUN], env: { GREETING: "caller's" } },
      },
    );
    const [, , greeting] = STARTED;
    const asRoot = ["user 0:0", "directory /", greeting, "argument 7", "argument x y", ""].join("\n");
    expect(said.program).toEqual(saying(asRoot, 7));
    expect(said.shell).toEqual({ stdout: "out\n", stderr: "err\n", exitCode: 7 });
    expect(said.readOnly.stderr).toContain("Read-only file system");
    expect(said.write.exitCode).toBe(0);
    expect(said.read).toEqual(saying("\u00fc\n"));
    expect(said.readOwn).toEqual(saying("nonroot:x:65532:65532::/home/nonroot:/sbin/nologin\n"));
    expectNetwork(said.network);
    expect(said.workload).toEqual(saying(started("0")));
    expect(said.otherArguments).toEqual(saying(started("7", "x y"), 7));
    expect(said.callers.stdout).toContain("greeting caller's\n");
  },
  FIRST_MS,
);

testWith(
  guestOracles(),
  "an image without shell and libraries, imported into Gondolin's store and booted by its name",
  async () => {
    const assets = scratch("to-import");
    await guestImage(scratchImage("amd64"), assets);
    expect(gondolinCli(["build", "--verify", assets])).toMatchObject({ status: 0 });
    const env = { GONDOLIN_IMAGE_STORE: scratch("store") };
    const imported = gondolinCli(["image", "import", assets, "--tag", "my/tool:1.0"], env);
    expect(imported.status, imported.stderr).toBe(0);
    const { buildId } = JSON.parse(readFileSync(join(assets, "manifest.json"), "utf8"));
    expect(imported.stdout).toContain(buildId);
    const said = await askGuest(
      { image: "my/tool:1.0", env },
      {
        workload: [RUN, "7"],
        write: { writeFile: "/app/written", contents: "kept\n" },
        read: { readFile: "/app/written" },
        network: NETWORK,
        resolver: RESOLVER,
      },
    );
    expect(said.workload).toEqual(saying(started("7"), 7));
    expect(said.write.exitCode).toBe(0);
    expect(said.read).toEqual(saying("kept\n"));
    expectNetwork(said.network);
    expectResolver(said.resolver);
  },
  FIRST_MS,
);

/** What a workload is started with by ovms-init: as a container runtime starts it. */
import { describe, expect } from "bun:test";
import { fakeMachines, said, shell } from "./booting.ts";
import type { FakeEnd } from "./fake-machine.ts";

const PASSWD = `root:x:0:0::/root:/bin/sh
daemon:x:2:2
app:x:1000:1000::/home/app:/bin/sh

1500:x:1600:1600::/home/number:/bin/sh
twice:x:1000:7::/elsewhere:/bin/sh
homeless:x:3000:3000:::
huge:x:4294967296:0::/:
`;
const GROUP = `root:x:0:
app:x:1000:
#off:x:90:app
audio:x:29:app,root
 video:x:44:x,app
apps:x:45:appx,xapp
twins:x:44:app
`;
const DOCKER_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const { each, native } = fakeMachines({ "/etc/passwd": PASSWD, "/etc/group": GROUP });

describe("the command", () => {
  each("is Entrypoint and Cmd, to the byte, with 100 KiB in one of them", (boot) => {
    const long = "x".repeat(100 << 10);
    const cmd = ["", "a b", "'\"$(exit)\n\t", "\xff\x01", long];
    const { stdout, stderr, status } = boot({ config: { entrypoint: ["/bin/printf", "<%s>"], cmd } });
    expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
    expect(stdout).toBe(cmd.map((word) => `<${word}>`).join(""));
  });

  each("keeps the name that it was called by", (boot) => {
    const config = { environment: ["PATH=/bin"], cmd: ["cat", "/proc/self/cmdline"] };
    expect(boot({ config })).toMatchObject(said("cat\0/proc/self/cmdline\0"));
  });

  each("is searched as runc does: never a folder, what cannot be executed, or a relative part", (boot) => {
    const files = { "/p2/tool": "", "/p3/tool": "#!/bin/sh\necho p3", "/local": "#!/bin/sh\necho local" };
    const before = 'chmod 755 "$R/p3/tool" "$R/local"; mkdir -p "$R/p1/tool"';
    const environment = ["PATH=:.:bin:/nowhere:/p1:/p2:/p3:/bin"];
    const of = (cmd: string[]) => boot({ config: { environment, cmd }, files, before });
    expect(of(["tool"])).toMatchObject(said("p3\n"));
    expect(of(["./local"])).toMatchObject(said("local\n"));
    expect(of(["local"]).status).toBe(127);
  });

  each("that is none, or not there, or not executable: Docker's 125, 127, 126, and what to do", (boot) => {
    const files = { "/script": "#!/no/interpreter", "/data": "text", "/none": "text" };
    const before = 'chmod 755 "$R/script" "$R/data"';
    const table: [cmd: string[], status: number, message: string][] = [
      [[], 125, "the image has no command, and none was given; --entrypoint and --cmd"],
      [["nope"], 127, `the command 'nope' is not in PATH (${DOCKER_PATH}); --entrypoint`],
      [[""], 127, "the command '' is not in PATH"],
      [["/no\npe"], 127, "the command '/no?pe' cannot be executed: No such file or directory; --entry"],
      [["/data/x"], 127, "the command '/data/x' cannot be executed: Not a directory"],
      [["/script"], 127, "the command '/script', or what it is to be run by, is not there"],
      [["/data"], 126, "the command '/data' cannot be executed: Exec format error"],
      [["/none"], 126, "the command '/none' cannot be executed: Permission denied"],
      [["/bin"], 126, "the command '/bin' cannot be executed: Is a directory"],
    ];
    for (const [cmd, status, message] of table) {
      const ended = boot({ config: { cmd }, files, before });
      expect([cmd, ended.status, ended.stderr]).toEqual([
        cmd,
        status,
        expect.stringMatching(/^docker2vm: .*\n$/),
      ]);
      expect(ended.stderr).toContain(message);
    }
  });
});

describe("the environment", () => {
  const printEnv = ["/bin/busybox", "env", "-0"];
  const entries = ({ stdout, stderr, status }: FakeEnd) => {
    expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
    return stdout.split("\0").slice(0, -1);
  };

  each("is Docker's where the image sets none", (boot) => {
    const wanted = [`PATH=${DOCKER_PATH}`, "HOSTNAME=localhost", "HOME=/root"];
    expect(entries(boot({ config: { cmd: printEnv } }))).toEqual(wanted);
  });

  each("is the image's, to the byte and by any name, the last of a name in the first one's place", (boot) => {
    const all = Array.from({ length: 255 }, (_, i) => String.fromCharCode(i + 1)).join("");
    const environment = [
      "HOSTNAME=mine",
      "A=1",
      "a.b-c =\n\n",
      `ALL=${all}`,
      "A=2",
      "PATH=/x",
      "HOME=/h",
      "E=",
    ];
    expect(entries(boot({ config: { cmd: printEnv, environment } }))).toEqual([
      ...["PATH=/x", "HOSTNAME=mine", "A=2", "a.b-c =\n\n", `ALL=${all}`, "HOME=/h", "E="],
    ]);
  });

  each("has the account's HOME behind all where the image's is empty", (boot) => {
    const config = { cmd: printEnv, environment: ["HOME=", "A=1"], user: "app", hostname: "box" };
    const wanted = [`PATH=${DOCKER_PATH}`, "HOSTNAME=box", "A=1", "HOME=/home/app"];
    expect(entries(boot({ config }))).toEqual(wanted);
  });
});

describe("the user", () => {
  const identity =
    "/bin/busybox grep -E '^(Uid|Gid|Groups|CapEff|NoNewPrivs):' /proc/self/status; echo home=$HOME";
  const facts = (uid: number, gid: number, groups: string, home: string) => {
    const four = (id: number) => Array(4).fill(id).join("\t");
    return [`Uid:\t${four(uid)}`, `Gid:\t${four(gid)}`, `Groups:\t${groups} `, `home=${home}`];
  };

  const TABLE: [user: string, facts: string[]][] = [
    ["", facts(0, 0, "0 29", "/root")],
    ["root", facts(0, 0, "0 29", "/root")],
    ["app", facts(1000, 1000, "29 44 1000", "/home/app")],
    ["1000", facts(1000, 1000, "29 44 1000", "/home/app")],
    ["+1000", facts(1000, 1000, "29 44 1000", "/home/app")],
    ["twice", facts(1000, 7, "7", "/home/app")],
    ["daemon", facts(2, 2, "2", "")],
    ["homeless", facts(3000, 3000, "3000", "")],
    ["65532", facts(65532, 0, "0", "/")],
    ["1500", facts(1500, 0, "0", "/")],
    ["1600", facts(1600, 1600, "1600", "/home/number")],
    ["app:audio", facts(1000, 29, "29", "/home/app")],
    ["app:50:x", facts(1000, 50, "50", "/home/app")],
    ["65532:70000", facts(65532, 70000, "70000", "/")],
    [":video", facts(0, 44, "44", "/root")],
    ["2147483647:2147483647", facts(2147483647, 2147483647, "2147483647", "/")],
  ];
  each("in every form that Docker takes, with groups and home", (boot) => {
    for (const [user, wanted] of TABLE) {
      const { stdout, stderr } = boot({ config: shell(identity, { user }) });
      expect([user, stderr]).toEqual([user, ""]);
      const got = stdout.split("\n").filter((line) => !/^(CapEff|NoNewPrivs|$)/.test(line));
      expect([user, got]).toEqual([user, wanted]);
      expect(stdout).toContain("NoNewPrivs:\t0");
      expect(/CapEff:\t0{16}/.test(stdout)).toBe(!wanted[0]?.startsWith("Uid:\t0"));
    }
  });

  each("that names nobody is told with 125", (boot) => {
    const table: [user: string, message: string][] = [
      [
        "nobody",
        "/etc/passwd has no user 'nobody'; give another one: --user when converting, docker2vm.user=",
      ],
      ["app:nogroup", "/etc/group has no group 'nogroup'"],
      ["off", "/etc/passwd has no user 'off'"],
      ["app:#off", "/etc/group has no group '#off'"],
      ["huge", "the user 'huge' has an id that is none"],
      ["-1", "the user '-1' has an id that is none"],
      ["2147483648", "the user '2147483648' has an id that is none"],
      ["0:99999999999999999999999", "has an id that is none"],
    ];
    for (const [user, message] of table) {
      const { stdout, stderr, status } = boot({ config: shell("echo no", { user }) });
      expect([user, stdout, status]).toEqual([user, "", 125]);
      expect(stderr).toContain(message);
    }
  });

  each("needs no account files", (boot) => {
    const before = 'rm "$R/etc/passwd" "$R/etc/group"';
    const { stdout } = boot({ config: shell(identity, { user: "7" }), before });
    expect(stdout).toContain(
      facts(7, 0, "0", "/")
        .join("\n")
        .replace(/\nhome=\/$/, ""),
    );
  });

  each("owns stdin, stdout and stderr, so that they can be opened, and not /dev/null", (boot) => {
    const script = "echo out >>/dev/stdout; echo err >>/dev/stderr; stat -c %u /dev/null";
    const ended = boot({ config: shell(script, { user: "app" }) });
    expect(ended).toMatchObject({ stdout: "out\n0\n", stderr: "err\n", status: 0 });
  });
});

describe("the working directory", () => {
  each("is made where it is missing, root's and 0755", (boot) => {
    const workingDirectory = "/made/by '\n/$x";
    const config = shell("pwd; stat -c '%u:%g %a' . ..", { user: "app", workingDirectory });
    expect(boot({ config })).toMatchObject(said(`${workingDirectory}\n0:0 755\n0:0 755\n`));
  });

  native(
    "lets a user in where root is not let in, and keeps out whom it keeps out",
    (boot) => {
      const folder = 'mkdir -m 700 "$R/own"; chown 1000 "$R/own"';
      // Root as on a network's disk: an owner like any other.
      const bounds = "--bounding-set=-dac_override,-dac_read_search";
      const before = `${folder}; exec setpriv ${bounds} chroot "$R" "$@"`;
      const config = (user: string) => shell("pwd", { user, workingDirectory: "/own" });
      expect(boot({ config: config("app"), before })).toMatchObject(said("/own\n"));
      const other = boot({ config: config("1001"), before });
      expect(other).toMatchObject({ stdout: "", status: 125 });
      expect(other.stderr).toStartWith(
        "docker2vm: the user is not let into the working directory /own: Perm",
      );
    },
    "setpriv",
  );

  each("that cannot be one is told with 125", (boot) => {
    const ended = boot({ config: shell("pwd", { workingDirectory: "/bin/busybox/x" }) });
    expect(ended).toMatchObject({ stdout: "", status: 125 });
    expect(ended.stderr).toStartWith(
      "docker2vm: the working directory /bin/busybox/x cannot be made: Not a dir",
    );
  });
});

describe("what the workload finds", () => {
  each("exit codes come through, umask and limits are as asked", (boot) => {
    for (const code of [0, 7, 255]) expect(boot({ config: shell(`exit ${code}`) }).status).toBe(code);
    const limits = [{ resource: 7, soft: 1000n, hard: 2000n }];
    const config = shell("umask; ulimit -n; ulimit -Hn", { limits });
    expect(boot({ config, before: "umask 077" })).toMatchObject(said("0022\n1000\n2000\n"));
  });

  each("closed standard streams are no hindrance", (boot) => {
    const config = shell("echo here >/said; exit 3");
    const ended = boot({ config, before: "exec <&- >&- 2>&-", after: "cat said etc/ovms/exit-status" });
    expect(ended.after).toBe("here\n3\n");
  });

  each("names in /dev, and a name of its own", (boot) => {
    const links = "for n in fd stdin stdout stderr core ptmx; do readlink /dev/$n; done; hostname";
    const ended = boot({
      config: shell(links.replaceAll("readlink", "busybox readlink"), { hostname: "box" }),
    });
    const proc = ["/proc/self/fd", "/proc/self/fd/0", "/proc/self/fd/1", "/proc/self/fd/2", "/proc/kcore"];
    expect(ended).toMatchObject(said([...proc, "pts/ptmx", "box", ""].join("\n")));
  });

  each("/etc/hosts, hostname and resolv.conf laid over the image's, which stay", (boot) => {
    const names = ["hostname", "hosts", "resolv.conf"];
    const files = (text: string) => Object.fromEntries(names.map((name) => [`/etc/${name}`, text]));
    const config = shell("cd /etc; cat hostname hosts; cat resolv.conf", { hostname: "box" });
    const after = "cat etc/hostname etc/hosts etc/resolv.conf; ls -A dev | grep ovms || :";
    const { stdout, after: left } = boot({ config, files: files(" \n"), after });
    expect(stdout).toStartWith("box\n127.0.0.1\tlocalhost\n");
    expect(stdout).toEndWith("ff02::2\tip6-allrouters\n127.0.1.1\tbox\n \n");
    expect(left).toBe(" \n".repeat(3));
    // Names of the image's own stay; the machine's comes behind them, unless it is among them.
    for (const [own, shown] of [
      ["10.0.0.1 db", "10.0.0.1 db\n127.0.1.1\tbox\n"],
      ["10.0.0.1 boxes\n10.0.0.2\tx box\n", "10.0.0.1 boxes\n10.0.0.2\tx box\n"],
    ] as const) {
      const ended = boot({ config, files: files(own), after });
      expect(ended).toMatchObject({ stdout: `box\n${shown}${own}`, after: own.repeat(3) });
    }
  });

  each("/run and /tmp new with each start, with the folders and links that the image has there", (boot) => {
    const list = "ls -lnR /run | grep -v total; stat -c '%a %u:%g' /run /tmp; echo x >/tmp/x; echo x >/run/x";
    const mounts = "grep -E '^tmpfs /(run|tmp) ' /proc/mounts | cut -d, -f1-3";
    const before =
      'mkdir -p "$R/run/lock/a"; chmod 1777 "$R/run/lock"; chown 7:8 "$R/run/lock/a"; ln -s lock/a "$R/run/l"; ' +
      'rmdir "$R/tmp"';
    const after = "find run tmp";
    const ended = boot({ config: shell(`${list}; ${mounts}`), before, after });
    const columns = ended.stdout.split("\n").map((line) => line.replace(/ +\d+ \w{3} .*:\d\d /, " "));
    expect(columns).toEqual([
      ...["/run:", "lrwxrwxrwx    1 0        0 l -> lock/a", "drwxrwxrwt    3 0        0 lock", ""],
      ...["/run/lock:", "drwxr-xr-x    2 7        8 a", "", "/run/lock/a:"],
      ...["755 0:0", "1777 0:0", "tmpfs /run tmpfs rw,nosuid,nodev", "tmpfs /tmp tmpfs rw,nosuid,nodev", ""],
    ]);
    expect(ended.after.split("\n").sort()).toEqual(["", "run", "run/l", "run/lock", "run/lock/a", "tmp"]);
    // Where the image has files, and where that is asked for, the folder is the image's.
    const files = { "/run/lock/deep/file": "image's", "/tmp/.x": "image's" };
    const kept = boot({ config: shell("cat /run/lock/deep/file /tmp/.x"), files });
    expect(kept).toMatchObject(said("image'simage's"));
    const off = boot({ config: shell(mounts), commandLine: "docker2vm.tmpfs=off" });
    expect(off).toMatchObject(said(""));
  });

  native("process 1 of its own, the mounts of a container, and a loopback", (boot) => {
    const config = shell(
      "echo $$; ps; cat /proc/mounts; ifconfig lo; cat /proc/sys/net/ipv4/ip_unprivileged_port_start",
    );
    const { stdout } = boot({ config });
    expect(stdout).toStartWith("1\n");
    expect(stdout).not.toContain("ovms-init");
    const mounts = [...stdout.matchAll(/^\S+ (\/dev\/\S+|\/proc) (\S+) (\S+) 0 0$/gm)];
    expect(
      mounts.map(([, where, type, options = ""]) => [where, type, options.replace(/,relatime/, "")]),
    ).toEqual([
      ["/dev/pts", "devpts", "rw,nosuid,noexec,gid=5,mode=620,ptmxmode=666"],
      ["/dev/shm", "tmpfs", "rw,nosuid,nodev,noexec,size=65536k"],
      ["/dev/mqueue", "mqueue", "rw,nosuid,nodev,noexec"],
      ["/proc", "proc", "rw,nosuid,nodev,noexec"],
    ]);
    expect(stdout).toMatch(/inet addr:127\.0\.0\.1[\s\S]*UP LOOPBACK RUNNING/);
    expect(stdout).toEndWith("\n0\n");
  });
});

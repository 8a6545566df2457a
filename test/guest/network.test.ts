/** What ovms-init makes of the kernel's ip= word where the kernel itself made nothing of it. */
import { expect } from "bun:test";
import { join } from "node:path";
import { networkWord } from "../../src/profile/init/network.ts";
import { fakeMachines, said, shell } from "./booting.ts";

const { native } = fakeMachines();

const DEVICE = "ip link add eth0 type veth peer name eth1; ip link set eth1 up";
const show =
  "ifconfig eth0 | grep -o 'inet addr:.*'; route -n | grep '^0.0.0.0'; hostname; cat /etc/resolv.conf; cat /etc/hosts | grep -v localhost | grep -v ip6";

native(
  "a static address, gateway, mask, name and name servers",
  (boot) => {
    const commandLine = "ip=10.1.2.3::10.1.2.1:255.255.255.0:guest:eth0:off:10.1.2.9:10.1.2.8";
    const files = { "/etc/resolv.conf": "image's\n" };
    const { stdout, stderr } = boot({ config: shell(show), commandLine, files, before: DEVICE });
    expect(stderr).toBe("");
    const [address = "", route = "", ...rest] = stdout.split("\n");
    expect(address.split(/\s+/)).toEqual(["inet", "addr:10.1.2.3", "Bcast:10.1.2.255", "Mask:255.255.255.0"]);
    expect(route.split(/\s+/).slice(0, 3)).toEqual(["0.0.0.0", "10.1.2.1", "0.0.0.0"]);
    const servers = ["nameserver 10.1.2.9", "nameserver 10.1.2.8"];
    expect(rest).toEqual(["guest", ...servers, "10.1.2.3\tguest", ""]);
  },
  "ip",
);

native(
  "what the image says, and the command line before it",
  (boot) => {
    const config = shell("ifconfig eth0 | grep -o 'inet addr:[^ ]*' || echo none; cat /etc/resolv.conf", {
      network: networkWord("10.1.2.3/24,gateway=10.1.2.1,dns=10.1.2.9,device=eth0"),
    });
    const table: [commandLine: string, stdout: string][] = [
      ["", "inet addr:10.1.2.3\nnameserver 10.1.2.9\n"],
      ["ip=10.7.7.7:::::eth0", "inet addr:10.7.7.7\nimage's\n"],
      ["ip=off", "none\nimage's\n"],
    ];
    const files = { "/etc/resolv.conf": "image's\n" };
    for (const [commandLine, stdout] of table)
      expect(boot({ config, commandLine, files, before: DEVICE })).toMatchObject(said(stdout));
  },
  "ip",
);

native(
  "an address alone has the mask of its class, on the first Ethernet device",
  (boot) => {
    for (const [address, mask] of [
      ["10.1.2.3", "255.0.0.0"],
      ["172.16.0.9", "255.255.0.0"],
      ["192.168.7.8", "255.255.255.0"],
    ] as const) {
      const { stdout } = boot({ config: shell("ifconfig"), commandLine: `ip=${address}`, before: DEVICE });
      expect(stdout).toMatch(new RegExp(`eth[01] [\\s\\S]*addr:${address} .*Mask:${mask}\n`));
    }
  },
  "ip",
);

native(
  "a device that has an address keeps it, and words that name none are none of this program's",
  (boot) => {
    const config = shell("ifconfig eth0 | grep -o 'inet addr:[^ ]*' || echo none");
    const before = `${DEVICE}; ip addr add 10.9.9.9/24 dev eth0`;
    expect(boot({ config, commandLine: "ip=10.1.2.3:::::eth0", before })).toMatchObject(
      said("inet addr:10.9.9.9\n"),
    );
    for (const commandLine of ["ip=off", "ip=none", "ip=:::::eth0:off", "ip="]) {
      expect(boot({ config, commandLine, before: DEVICE })).toMatchObject(said("none\n"));
    }
  },
  "ip",
);

native(
  "a word that says nothing is told in one line, but where the kernel has made something of it",
  (boot) => {
    const config = shell("ifconfig eth0 | grep -o 'inet addr:[^ ]*' || echo none");
    for (const [word, unknown] of [
      ["dhcpp", "dhcpp"],
      ["eth0:dhcp", "eth0"],
      [":::::eth0:dhpc", "dhpc"],
    ]) {
      const ended = boot({ config, commandLine: `ip=${word}`, before: DEVICE });
      expect(ended).toMatchObject({ stdout: "none\n", status: 0 });
      expect(ended.stderr).toBe(
        `docker2vm: ip=: '${unknown}' is neither an address nor dhcp nor off; the machine has the loopback alone\n`,
      );
    }
    const before = `${DEVICE}; ip addr add 10.9.9.9/24 dev eth0`;
    expect(boot({ config, commandLine: "ip=:::::eth0:bootp", before })).toMatchObject(
      said("inet addr:10.9.9.9\n"),
    );
  },
  "ip",
);

native(
  "a gateway is reached that is outside a network of one address",
  (boot) => {
    const config = shell("route -n");
    const commandLine = "ip=10.1.2.3::10.7.7.7:255.255.255.255::eth0:off";
    expect(routesOf(boot({ config, commandLine, before: DEVICE }).stdout)).toEqual([
      "0.0.0.0 10.7.7.7 0.0.0.0 UG",
      "10.7.7.7 0.0.0.0 255.255.255.255 UH",
    ]);
  },
  "ip",
);

/** Destination, gateway, mask and flags of each, in the kernel's order. */
function routesOf(text: string): readonly string[] {
  const lines = text.split("\n").filter((line) => line.endsWith("eth0"));
  return lines.map((line) => line.split(/\s+/).slice(0, 4).join(" "));
}

native(
  "what cannot be is told with the word's form",
  (boot) => {
    const table: [word: string, message: string][] = [
      ["10.1.2.256", "no address: 10.1.2.256"],
      ["10.1.2.3::x", "no address for a gateway: x"],
      ["10.1.2.3::10.7.7.7:255.255.255.0", "the gateway cannot be used: 10.7.7.7: Network is unreachable"],
      ["10.1.2.3:::255.0", "no netmask: 255.0"],
      ["10.1.2.3:::::eth9", "the device cannot be brought up: eth9: No such device"],
    ];
    for (const [word, message] of table) {
      const ended = boot({ config: shell("true"), commandLine: `ip=${word}`, before: DEVICE });
      expect([word, ended.status]).toEqual([word, 125]);
      expect(ended.stderr).toBe(
        `docker2vm: ip=: ${message}; it is ip=ADDRESS::GATEWAY:NETMASK:HOSTNAME:DEVICE:off:DNS, or ip=dhcp\n`,
      );
    }
    const none = boot({ config: shell("true"), commandLine: "ip=10.1.2.3" });
    expect(none.stderr).toContain("there is no network device for 10.1.2.3");
  },
  "ip",
);

/** The other end of the wire, in a network of its own. */
const OTHER_END = [
  'ip link add eth0 type veth peer name eth1; server="$R/dev/server"; touch "$server"',
  'unshare --net="$server" true; ip link set eth1 netns "$server"',
  'nsenter --net="$server" ip addr add 10.5.0.1/24 dev eth1; nsenter --net="$server" ip link set eth1 up',
];

/** A real server there; what it says is in dhcp.log beside the root. */
function dhcpServer(options: readonly string[]): string {
  const settings = [
    ...["start 10.5.0.50", "end 10.5.0.50", "interface eth1", "max_leases 1", "pidfile $R/dev/pid"],
    ...["lease_file $R/dev/leases", "min_lease 1", ...options.map((option) => `option ${option}`)],
  ];
  return [
    ...OTHER_END,
    ...settings.map((line) => `echo "${line}" >>"$R/dev/dhcp.conf"`),
    ': >"$R/dev/leases"; nsenter --net="$server" busybox udhcpd -f -a 1 "$R/dev/dhcp.conf" >"$R/../dhcp.log" 2>&1 &',
  ].join("\n");
}

native(
  "ip=dhcp: address, gateway, names and name servers as a server grants them",
  (boot) => {
    const granted = ["subnet 255.255.0.0", "router 10.5.0.1", "dns 10.5.0.8 10.5.0.9", "domain corp.example"];
    const before = dhcpServer([...granted, "hostname granted", "mtu 1400", "lease 600"]);
    const config = shell(`${show}; ifconfig eth0 | grep -o MTU:[0-9]*`);
    for (const commandLine of ["ip=dhcp", "ip=:::::eth0:dhcp"]) {
      const { stdout, stderr } = boot({ config, commandLine, before });
      expect(stderr).toBe("");
      const [address = "", route = "", ...rest] = stdout.split("\n");
      expect(address.split(/\s+/)).toEqual([
        "inet",
        "addr:10.5.0.50",
        "Bcast:10.5.255.255",
        "Mask:255.255.0.0",
      ]);
      expect(route.split(/\s+/).slice(0, 3)).toEqual(["0.0.0.0", "10.5.0.1", "0.0.0.0"]);
      const names = ["granted", "search corp.example", "nameserver 10.5.0.8", "nameserver 10.5.0.9"];
      expect(rest).toEqual([...names, "10.5.0.50\tgranted", "MTU:1400", ""]);
    }
  },
  "ip",
);

native(
  "ip=dhcp: a router outside the network is reached, and routes take its place",
  (boot) => {
    const alone = ["subnet 255.255.255.255", "router 10.9.0.1", "lease 600"];
    const table: [options: readonly string[], routes: readonly string[]][] = [
      [alone, ["0.0.0.0 10.9.0.1 0.0.0.0 UG", "10.9.0.1 0.0.0.0 255.255.255.255 UH"]],
      [
        // 10.8.0.1/32 on the device, all by that, 172.16.0.0/12 (with bits behind the prefix) by another.
        [...alone, "0x79 200a08000100000000000a0800010cac1f0a090002"],
        [
          "0.0.0.0 10.8.0.1 0.0.0.0 UG",
          "10.8.0.1 0.0.0.0 255.255.255.255 UH",
          "10.9.0.2 0.0.0.0 255.255.255.255 UH",
          "172.16.0.0 10.9.0.2 255.240.0.0 UG",
        ],
      ],
    ];
    for (const [options, routes] of table) {
      const ended = boot({
        config: shell("route -n"),
        commandLine: "ip=dhcp",
        before: dhcpServer(options),
      });
      expect(ended.stderr).toBe("");
      expect(routesOf(ended.stdout)).toEqual(routes);
    }
  },
  "ip",
);

native(
  "ip=dhcp: what a server sends in parts is put together, wherever it is cut",
  (boot) => {
    const options = [
      ...["3604 0a050001", "3304 00000258", "0104 ffffff00"],
      // Routes to 10.8.0.1/32 on the device and to all by that; name servers; a domain: each cut where nothing ends.
      ...["7907 200a0800010000", "0606 0a0500080a05", "0f04 636f7270", "00"],
      ...["7907 0000000a080001", "0602 0009", "0f08 2e6578616d706c65"],
    ];
    const server = `${process.execPath} --no-env-file ${join(import.meta.dir, "dhcp-server.ts")}`;
    const before = [
      ...OTHER_END,
      'nsenter --net="$server" ip route add 255.255.255.255 dev eth1',
      `nsenter --net="$server" ${server} ${options.join("").replaceAll(" ", "")} >"$R/../dhcp.log" 2>&1 &`,
    ].join("\n");
    const config = shell("route -n; cat /etc/resolv.conf");
    const { stdout, stderr } = boot({ config, commandLine: "ip=dhcp", before });
    expect(stderr).toBe("");
    const names = ["search corp.example", "nameserver 10.5.0.8", "nameserver 10.5.0.9"];
    expect(stdout).toEndWith(`${names.join("\n")}\n`);
    expect(routesOf(stdout.slice(0, stdout.indexOf("search")))).toEqual([
      "0.0.0.0 10.8.0.1 0.0.0.0 UG",
      "10.5.0.0 0.0.0.0 255.255.255.0 U",
      "10.8.0.1 0.0.0.0 255.255.255.255 UH",
    ]);
  },
  "ip",
);

native(
  "ip=dhcp: a server's name that is too long for a machine is its first part, or none",
  (boot) => {
    for (const [name, hostname] of [
      [`granted.${"d".repeat(60)}`, "granted"],
      ["h".repeat(65), "own"],
    ] as const) {
      const before = dhcpServer([`hostname ${name}`, "lease 600"]);
      const config = shell("hostname", { hostname: "own" });
      expect(boot({ config, commandLine: "ip=dhcp", before })).toMatchObject(said(`${hostname}\n`));
    }
  },
  "ip",
);

native(
  "a lease is renewed while the workload runs, and the end does not wait for who does it",
  (boot) => {
    const before = dhcpServer(["lease 2"]);
    // A lease of two seconds, of which more than one passes: three answers are two renewals.
    const config = shell(
      'while [ "$(grep -c ACK /dev/log)" -lt 3 ]; do sleep 0.1; done; ifconfig eth0 | grep -o "addr:1[^ ]*"',
    );
    const log = ': >"$R/../dhcp.log"; touch "$R/dev/log"; mount --bind "$R/../dhcp.log" "$R/dev/log"';
    expect(boot({ config, commandLine: "ip=dhcp", before: `${log}\n${before}` })).toMatchObject(
      said("addr:10.5.0.50\n"),
    );
  },
  "ip",
);

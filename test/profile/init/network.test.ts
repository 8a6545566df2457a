/** The address that an image gives its machine. */
import { expect, test } from "bun:test";
import { openInitProfile } from "../../../src/profile/init/init.ts";
import { networkWord } from "../../../src/profile/init/network.ts";
import { expectError } from "../../support/expect-error.ts";
import { testImage } from "../trees.ts";

test("is told in the kernel's form", () => {
  const table: [given: string, word: string][] = [
    ["dhcp", "dhcp"],
    ["dhcp,device=eth1", ":::::eth1:dhcp"],
    ["dhcp,dns=9.9.9.9", "::::::dhcp:9.9.9.9"],
    ["10.1.2.3/24", "10.1.2.3:::255.255.255.0:::off"],
    ["10.1.2.3/9,gateway=10.127.0.1", "10.1.2.3::10.127.0.1:255.128.0.0:::off"],
    ["10.1.2.3/32,gateway=192.168.0.1", "10.1.2.3::192.168.0.1:255.255.255.255:::off"],
    [
      "200.1.2.3/30,dns=1.1.1.1,device=ens1,dns=8.8.8.8,gateway=200.1.2.1",
      "200.1.2.3::200.1.2.1:255.255.255.252::ens1:off:1.1.1.1:8.8.8.8",
    ],
  ];
  for (const [given, word] of table) expect([given, networkWord(given)]).toEqual([given, word]);
});

test("is wrong use where it is none", async () => {
  const table: [given: string, said: string][] = [
    ["", '"" is no address with its network'],
    ["dhcpp", '"dhcpp" is no address with its network, such as 10.0.0.2/24'],
    ["10.1.2.3", "no address with its network"],
    ["10.1.2.256/24", "no address with its network"],
    ["10.1.2.3/33", "no address with its network"],
    ["10.1.2.3/024", "no address with its network"],
    ["fd00::1/64", "fd00::1 is an address of IPv6, and only IPv4 is taken"],
    ["10.1.2.3/24,gateway=fd00::1", "fd00::1 is an address of IPv6"],
    ["dhcp,dns=fd00::53", "fd00::53 is an address of IPv6"],
    ["10.1.2.3/24,gateway=10.1.3.1", "the gateway 10.1.3.1 is outside the machine's own network"],
    ["10.1.2.3/24,gateway=x", '"gateway=x" says nothing'],
    ["10.1.2.3/24,10.1.2.1", '"10.1.2.1" says nothing'],
    ["10.1.2.3/24,device=a:b", '"device=a:b" says nothing'],
    [`dhcp,device=${"e".repeat(16)}`, "says nothing"],
    ["dhcp,dns=1.1.1.1,dns=2.2.2.2,dns=3.3.3.3", '"dns=3.3.3.3" says nothing'],
    ["dhcp,gateway=10.1.2.1", "the gateway is the server's to say"],
  ];
  for (const [given, said] of table) {
    await expectError(() => networkWord(given), "E_USAGE", said, "dhcp or ADDRESS/PREFIX");
  }
});

test("is in what ovms-init reads, and in what others do", async () => {
  const { image, text } = testImage({}, { Cmd: ["x"] });
  const platform = { os: "linux", architecture: "amd64" };
  const profile = openInitProfile({ platform, workload: {}, ip: networkWord("dhcp,device=eth1") });
  const { bootstrap } = await profile.inject(image);
  expect(await text("/etc/ovms/config")).toContain("\0ip\0:::::eth1:dhcp\0");
  expect(bootstrap?.docker2vm.ip).toBe(":::::eth1:dhcp");
});

import { describe, expect, test } from "bun:test";
import { ipLiteral, isLoopback, REACH, reachOf } from "../../src/http/addresses.ts";
import { isExempt, proxyFor } from "../../src/http/proxy.ts";
import { nearestOf, reachOfServer } from "../../src/http/reach.ts";
import { expectError } from "../support/expect-error.ts";

describe("an address", () => {
  const addresses: readonly (readonly [string, keyof typeof REACH])[] = [
    ["8.8.8.8", "public"],
    ["172.15.255.255", "public"],
    ["172.32.0.0", "public"],
    ["2606:4700::1", "public"],
    ["::ffff:8.8.8.8", "public"],
    ["10.1.2.3", "private"],
    ["172.16.0.1", "private"],
    ["192.168.0.1", "private"],
    ["100.64.0.1", "private"],
    ["fd00::1", "private"],
    ["::ffff:10.0.0.1", "private"],
    ["127.0.0.1", "loopback"],
    ["127.255.0.1", "loopback"],
    ["0.0.0.0", "loopback"],
    ["::1", "loopback"],
    ["0:0:0:0:0:0:0:1", "loopback"],
    ["::ffff:127.0.0.1", "loopback"],
    ["0:0:0:0:0:ffff:7f00:1", "loopback"],
    ["169.254.169.254", "linkLocal"],
    ["fe80::1%eth0", "linkLocal"],
    ["::ffff:169.254.169.254", "linkLocal"],
    // Where clouds keep secrets elsewhere.
    ["100.100.100.200", "linkLocal"],
    ["192.0.0.192", "linkLocal"],
    ["168.63.129.16", "linkLocal"],
    ["168.63.129.15", "public"],
    ["fd00:ec2::254", "linkLocal"],
    ["fd00:ec2::253", "private"],
    // What no server of its own has.
    ["224.0.0.1", "private"],
    ["255.255.255.255", "private"],
    ["192.0.0.8", "private"],
    ["ff02::1", "private"],
    ["fec0::1", "private"],
    // IPv4 in IPv6, in every form.
    ["::7f00:1", "loopback"],
    ["::10.0.0.1", "private"],
    ["::8.8.8.8", "public"],
    ["::ffff:0:10.0.0.1", "private"],
    ["64:ff9b::a9fe:a9fe", "linkLocal"],
    ["64:ff9b::127.0.0.1", "loopback"],
    ["64:ff9b::8.8.8.8", "public"],
    ["64:ff9b:1::10.0.0.1", "private"],
    ["64:ff9b:1:fffe::10.0.0.1", "private"],
    ["64:ff9b:1::8.8.8.8", "public"],
    ["64:ff9b:1:fffe::8.8.8.8", "public"],
    ["64:ff9b:1:a9fe:a9:fe00::", "linkLocal"],
    ["64:ff9b:1:808:0:100::", "public"],
    ["64:ff9b:1:a00:0:100::", "private"],
    ["64:ff9b:1:ff0a:0:1::", "private"],
    ["64:ff9b:1:0:a:0:100:0", "private"],
    ["2002:a00:1::1", "private"],
    ["2002:a9fe:a9fe::", "linkLocal"],
    ["2002:808:808::1", "public"],
    ["2001:0:808:808:0:0:f5ff:fffe", "private"],
    ["2001:0:a00:1:0:0:f7f7:f7f7", "private"],
    ["2001:0:808:808:0:0:f7f7:f7f7", "public"],
    ["2001:db8::7f00:1", "public"],
  ];
  for (const [address, kind] of addresses) {
    test(`${address} is ${kind}`, () => expect(reachOf(address)).toBe(REACH[kind]));
  }

  test("is told from a name", () => {
    expect(["1.2.3.4", "[::1]", "::1", "example.com", "1.2.3"].map(ipLiteral)).toEqual([
      "1.2.3.4",
      "::1",
      "::1",
      undefined,
      undefined,
    ]);
  });

  test("of this machine has names too", () => {
    for (const host of ["localhost", "LOCALHOST", "localhost.", "a.localhost", "127.0.0.1", "[::1]"])
      expect(isLoopback(host)).toBe(true);
    for (const host of ["localhost.com", "0.0.0.0", "10.0.0.1", "notlocalhost"])
      expect(isLoopback(host)).toBe(false);
  });
});

describe("a server", () => {
  test("of several addresses is as near as the nearest of them", async () => {
    expect(nearestOf([REACH.private])).toBe(REACH.private);
    expect(nearestOf([REACH.loopback, REACH.private])).toBe(REACH.loopback);
    expect(nearestOf([])).toBe(REACH.public);
    expect(await reachOfServer(new URL("http://localhost/"))).toBe(REACH.loopback);
    expect(await reachOfServer(new URL("http://[fd00::1]/"))).toBe(REACH.private);
  });

  test("with one in public is no nearer than a private network, whatever else it calls its own", () => {
    expect(nearestOf([REACH.public, REACH.private])).toBe(REACH.private);
    expect(nearestOf([REACH.public, REACH.loopback])).toBe(REACH.private);
    expect(nearestOf([REACH.linkLocal, REACH.public])).toBe(REACH.private);
  });
});

describe("a proxy", () => {
  const proxy = (url: string, environment: Record<string, string>) =>
    proxyFor(new URL(url), environment)?.url.href;

  test("is taken for the scheme, in either case of letters, or for all", () => {
    expect(proxy("https://r.io/", { HTTPS_PROXY: "http://p:1" })).toBe("http://p:1/");
    expect(proxy("https://r.io/", { https_proxy: "https://p:1", HTTPS_PROXY: "http://q" })).toBe(
      "https://p:1/",
    );
    expect(proxy("http://r.io/", { HTTPS_PROXY: "http://p:1" })).toBeUndefined();
    expect(proxy("http://r.io/", { HTTP_PROXY: "p:1" })).toBe("http://p:1/");
    expect(proxy("http://r.io/", { ALL_PROXY: "http://p:1" })).toBe("http://p:1/");
    expect(proxy("https://r.io/", { HTTPS_PROXY: "" })).toBeUndefined();
  });

  test("is never taken for this machine", () => {
    expect(proxy("http://localhost:5000/", { HTTP_PROXY: "http://p:1" })).toBeUndefined();
    expect(proxy("https://127.0.0.1/", { HTTPS_PROXY: "http://p:1" })).toBeUndefined();
  });

  test("of another kind is a mistake, its password unsaid", async () => {
    for (const text of ["socks5://u:hidden-pw@p:1", "http://[", "ftp://u:hidden-pw@p"]) {
      const attempt = () => proxy("https://r.io/", { HTTPS_PROXY: text });
      await expectError(attempt, "E_USAGE", "HTTPS_PROXY");
      expect(() => attempt()).not.toThrow(/hidden-pw/);
    }
  });

  const exemptions: readonly (readonly [string, string, boolean])[] = [
    ["https://r.io/", "", false],
    ["https://r.io/", "*", true],
    ["https://r.io/", "a.io, r.io", true],
    ["https://r.io/", "R.IO", true],
    ["https://sub.r.io/", "r.io", true],
    ["https://sub.r.io/", ".r.io", true],
    ["https://sub.r.io/", "*.r.io", true],
    ["https://r.io/", ".r.io", false],
    ["https://evilr.io/", "r.io", false],
    ["https://r.io/", "r.io:443", true],
    ["https://r.io:5000/", "r.io:443", false],
    ["http://r.io/", "r.io:80", true],
    ["https://10.1.2.3/", "10.0.0.0/8", true],
    ["https://11.1.2.3/", "10.0.0.0/8", false],
    ["https://10.1.2.3/", "10.1.2.3", true],
    ["https://10.1.2.3/", "10.1.2.3/99", false],
    ["https://[fd00::1]/", "fd00::/8", true],
    ["https://[fd00::1]/", "fd00::1", true],
    ["https://[fd00::1]:5000/", "[fd00::1]:5000", true],
    ["https://10.1.2.3/", "1.2.3", false],
  ];
  for (const [url, noProxy, exempt] of exemptions) {
    test(`${exempt ? "is not" : "is"} taken for ${url} with NO_PROXY=${noProxy}`, () =>
      expect(isExempt(new URL(url), noProxy)).toBe(exempt));
  }
});

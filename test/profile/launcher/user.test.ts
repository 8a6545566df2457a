/** Who the image's User is: the facts of the tables of github.com/moby/sys/user's own tests, and of moby's use of it. */
import { describe, expect, test } from "bun:test";
import { parseGroup, parsePasswd } from "../../../src/profile/launcher/accounts.ts";
import { workloadUser } from "../../../src/profile/launcher/launcher.ts";
import { resolveUser } from "../../../src/profile/launcher/user.ts";
import { testImage } from "./images.ts";

const PASSWD = `
root:x:0:0:root user:/root:/bin/bash
adm:x:42:43:adm:/var/adm:/bin/false
  111:x:222:333::/var/garbage\t
odd:x:111:112::/home/odd:::::
second:x:42:9:::
this is just some garbage data
`;
const GROUP = `
root:x:0:root
adm:x:43:
grp:x:1234:root,adm,user1
444:x:555:111
odd:x:444:
  # comment:x:77:root
wheel:x:1234:root
this is just some garbage data
huge:x:99999999999:adm2
`;

const resolve = (spec: string) => resolveUser(spec, parsePasswd(PASSWD), parseGroup(GROUP));

describe("the image's User", () => {
  const table: [spec: string, uid: number, gid: number, groups: number[], home: string][] = [
    ["", 0, 0, [0, 1234], "/root"],
    ["root", 0, 0, [0, 1234], "/root"],
    ["0", 0, 0, [0, 1234], "/root"],
    ["+0", 0, 0, [0, 1234], "/root"],
    ["adm", 42, 43, [43, 1234], "/var/adm"],
    ["42", 42, 43, [43, 1234], "/var/adm"],
    ["root:adm", 0, 43, [43], "/root"],
    ["adm:1234", 42, 1234, [1234], "/var/adm"],
    ["42:1234", 42, 1234, [1234], "/var/adm"],
    ["1337:1234", 1337, 1234, [1234], "/"],
    ["1337", 1337, 0, [0], "/"],
    ["1337:adm", 1337, 43, [43], "/"],
    [":adm", 0, 43, [43], "/root"],
    ["adm:", 42, 43, [43, 1234], "/var/adm"],
    ["adm:adm:ignored", 42, 43, [43], "/var/adm"],
    // Numbers are ids, whatever accounts are called.
    ["111", 111, 112, [112], "/home/odd"],
    ["111:444", 111, 444, [444], "/home/odd"],
    // Runtimes are told the uid alone, so the first account with it says where home is.
    ["second", 42, 9, [9], "/var/adm"],
    // What is no number is 0.
    ["this is just some garbage data", 0, 0, [0], "/root"],
    ["2147483647:2147483647", 2147483647, 2147483647, [2147483647], "/"],
  ];
  test.each(table)("%j", (spec, uid, gid, groups, home) => {
    expect(resolve(spec)).toEqual({ uid, gid, groups, home });
  });

  const refused: [spec: string, reason: string][] = [
    ["notuser", "no user 'notuser'"],
    ["notuser:notgroup", "no user 'notuser'"],
    ["notuser:8888", "no user 'notuser'"],
    ["root:notgroup", "no group 'notgroup'"],
    ["8888:notgroup", "no group 'notgroup'"],
    ["root:# comment", "no group '# comment'"],
    ["-1:0", "-1 is no id"],
    ["0:-3", "-3 is no id"],
    ["4294967295", "4294967295 is no id"],
    ["0:2147483648", "2147483648 is no id"],
    ["0:huge", "99999999999 is no id"],
    ["0x0", "no user '0x0'"],
    ["1e3", "no user '1e3'"],
  ];
  test.each(refused)("%j is nobody", (spec, reason) => {
    expect(resolve(spec)).toEqual({ reason: expect.stringContaining(reason) });
  });

  test("without an /etc/passwd is root or a uid of gid 0, and no name", () => {
    expect(resolveUser("", [], [])).toEqual({ uid: 0, gid: 0, groups: [0], home: "/" });
    expect(resolveUser("65532", [], [])).toEqual({ uid: 65532, gid: 0, groups: [0], home: "/" });
    expect(resolveUser("5:6", [], [])).toEqual({ uid: 5, gid: 6, groups: [6], home: "/" });
    expect(resolveUser("root", [], [])).toEqual({ reason: "/etc/passwd has no user 'root'" });
  });

  test("whose account has no home lives in /", () => {
    expect(resolveUser("a", parsePasswd("a:x:5:6"), [])).toEqual({ uid: 5, gid: 6, groups: [6], home: "" });
  });
});

describe("accounts are looked up", () => {
  const user = (files: Record<string, string>, User = "app") =>
    workloadUser(testImage({ files }).image, User);
  const app = { uid: 7, gid: 8, groups: [8, 9], home: "/app" };
  const passwd = "app:x:7:8::/app:\n";
  const group = "g:x:9:app";

  test("in the image's own files", async () => {
    expect(await user({ "/etc/passwd": passwd, "/etc/group": group })).toEqual(app);
  });

  test("through symlinks, which never leave the root", async () => {
    const files = {
      "/etc": "-> usr/conf",
      "/usr/conf/passwd": "-> ../../../../store/p1",
      "/store/p1": "-> /store/./deep/../p2",
      "/store/p2": passwd,
      "/store/deep/x": "",
      "/usr/conf/group": "-> group2",
      "/usr/conf/group2": group,
    };
    expect(await user(files)).toEqual(app);
  });

  test("and a circle, a directory, or a file beyond all measure is none", async () => {
    const none = { reason: "/etc/passwd has no user 'app'" };
    expect(await user({ "/etc/passwd": "-> passwd" })).toEqual(none);
    expect(await user({ "/etc/passwd/x": passwd })).toEqual(none);
    expect(await user({ "/etc/passwd": `${passwd}${"#\n".repeat(3 << 20)}` })).toEqual(none);
    expect(await user({})).toEqual(none);
  });

  test("by bytes: names are compared as the UTF-8 that the config holds", async () => {
    const utf8 = Buffer.from("jürgen:x:7:8::/app:\n").toString("latin1");
    expect(await user({ "/etc/passwd": utf8 }, "jürgen")).toEqual({ ...app, groups: [8] });
  });
});

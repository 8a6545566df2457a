import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { findEndpoint } from "../../src/engine/endpoint.ts";
import { expectError } from "../support/expect-error.ts";
import { withTemporaryFolder } from "../support/temporary.ts";

const SOCKET = "unix:///var/run/docker.sock";

/** Docker's own folder, with a context "far" that has certificates, "near", and "unchecked". */
function makeConfig(folder: string, currentContext?: string): void {
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const id = (name: string): string => createHash("sha256").update(name).digest("hex");
  const context = (name: string, docker: Readonly<Record<string, unknown>>): void =>
    write(`contexts/meta/${id(name)}/meta.json`, JSON.stringify({ Name: name, Endpoints: { docker } }));
  write("config.json", JSON.stringify({ auths: {}, currentContext }));
  context("near", { Host: "unix:///near.sock", SkipTLSVerify: false });
  context("far", { Host: "tcp://far:2376" });
  context("unchecked", { Host: "tcp://far:2376", SkipTLSVerify: true });
  for (const name of ["ca", "cert", "key"])
    write(`contexts/tls/${id("far")}/docker/${name}.pem`, `the ${name}`);
  write("certs/ca.pem", "another ca");
}

test("an engine is found as Docker's own client finds it", () =>
  withTemporaryFolder((folder) => {
    const current = join(folder, "current");
    const plain = join(folder, "home/.docker");
    makeConfig(current, "near");
    makeConfig(plain);
    const certs = { DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: join(plain, "certs") };
    const unix = { origin: "http://localhost" };
    const found: [environment: Readonly<Record<string, string>>, name: string, parts?: object][] = [
      [{}, SOCKET, { ...unix, socketPath: "/var/run/docker.sock" }],
      [{ DOCKER_HOST: "", DOCKER_CONTEXT: "" }, SOCKET],
      [{ DOCKER_HOST: "unix://" }, SOCKET],
      [{ DOCKER_HOST: "unix:///a b.sock" }, "unix:///a b.sock", { ...unix, socketPath: "/a b.sock" }],
      [{ DOCKER_HOST: "tcp://host" }, "tcp://host:2375", { origin: "http://host:2375", tls: undefined }],
      [{ DOCKER_HOST: "tcp://host/a:1/b/" }, "tcp://host:2375/a:1/b", { origin: "http://host:2375" }],
      [{ DOCKER_HOST: "tcp://[::1]:99" }, "tcp://[::1]:99", { origin: "http://[::1]:99" }],
      [{ DOCKER_CONFIG: current }, "unix:///near.sock", { ...unix, socketPath: "/near.sock" }],
      [{ DOCKER_CONFIG: current, DOCKER_CONTEXT: "default" }, SOCKET],
      [{ DOCKER_CONFIG: current, DOCKER_HOST: "tcp://host:1" }, "tcp://host:1"],
      [
        { DOCKER_CONTEXT: "far" },
        "tcp://far:2376",
        { origin: "https://far:2376", tls: { ca: "the ca", identity: { cert: "the cert", key: "the key" } } },
      ],
      [
        { DOCKER_HOST: "tcp://host", ...certs },
        "tcp://host:2376",
        { origin: "https://host:2376", tls: { ca: "another ca", identity: undefined } },
      ],
    ];
    for (const [environment, name, parts = {}] of found) {
      const { url, ...endpoint } = findEndpoint({ HOME: join(folder, "home"), ...environment });
      expect([environment, { ...endpoint, origin: url.origin }]).toEqual([
        environment,
        expect.objectContaining({ name, ...parts }),
      ]);
    }
    expect(findEndpoint({ DOCKER_HOST: "tcp://host" }, "unix:///given").socketPath).toBe("/given");
  }));

test("one that cannot be reached from here, or is named wrongly, is refused with what to do", () =>
  withTemporaryFolder(async (folder) => {
    makeConfig(folder);
    const broken = join(folder, "broken");
    mkdirSync(broken);
    writeFileSync(join(broken, "config.json"), "{");
    writeFileSync(join(broken, "key.pem"), "");
    const refused: [environment: Readonly<Record<string, string>>, ...said: string[]][] = [
      [{ DOCKER_HOST: "ssh://me@far" }, "ssh", "ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock me@far"],
      [{ DOCKER_HOST: "npipe:////./pipe/x" }, "docker save"],
      [{ DOCKER_HOST: "/var/run/docker.sock" }, "docker save"],
      [{ DOCKER_HOST: "unix://relative" }, "unix:///PATH"],
      [{ DOCKER_HOST: "tcp://" }, "tcp://HOST:PORT"],
      [{ DOCKER_HOST: "tcp://a b" }, "tcp://HOST:PORT"],
      [{ DOCKER_HOST: "tcp://me:secret@a" }, "tcp://HOST:PORT/PATH"],
      [{ DOCKER_HOST: "tcp://a?b" }, "tcp://HOST:PORT/PATH"],
      [{ DOCKER_CONTEXT: "none" }, '"none"', "docker context ls"],
      [{ DOCKER_CONTEXT: "unchecked" }, "certificate"],
      [{ DOCKER_CONFIG: broken }, "config.json", "DOCKER_HOST"],
      [{ DOCKER_HOST: "tcp://a", DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: broken }, "key.pem"],
    ];
    for (const [environment, ...said] of refused) {
      await expectError(() => findEndpoint({ DOCKER_CONFIG: folder, ...environment }), "E_USAGE", ...said);
    }
  }));

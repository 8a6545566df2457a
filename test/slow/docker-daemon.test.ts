/** Images of a real Docker engine, by its unix socket and by TCP with certificates on both sides; and of Podman's service. */
import { afterAll, beforeAll, describe, expect } from "bun:test";
import { once } from "node:events";
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { convert } from "../../src/convert/convert.ts";
import { DOCKER, type Docker, startDocker } from "../support/docker.ts";
import { makeCertificate } from "../support/docker-registry.ts";
import { expectError } from "../support/expect-error.ts";
import { buildLayout } from "../support/layout-builder.ts";
import { type Oracle, runOk, testWith } from "../support/oracles.ts";
import { PODMAN, startPodman } from "../support/podman.ts";
import { lacksOf } from "../support/programs.ts";
import { scratchFolder } from "../support/scratch.ts";
import { tar } from "../support/tar-builder.ts";

const scratch = scratchFolder();
const NEEDS: readonly Oracle[] = [...DOCKER, "skopeo", "openssl"];
/** The engine keeps no manifest, and what a filesystem is called follows from its digest. */
const FILESYSTEM = { uuid: "11111111-2222-4333-8444-555555555555", size: "min" } as const;

let docker: Docker;
let address: string;
let id: string;

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

beforeAll(async () => {
  if (lacksOf(NEEDS).length > 0) return;
  const layers = ["lower", "upper"].map((text) =>
    tar([
      { path: text, data: text },
      { path: "both", data: text },
    ]),
  );
  buildLayout(scratch("layout"), {
    layers,
    tag: "1",
    created: "2024-05-06T07:08:09Z",
    config: { Cmd: ["/x"] },
  });
  mkdirSync(scratch("tls"));
  makeCertificate(scratch("tls"));
  // Whoever is certified may be client and server.
  for (const [from, to] of [
    ["server.pem", "cert.pem"],
    ["server.key", "key.pem"],
  ] as const) {
    copyFileSync(scratch("tls", from), scratch("tls", to));
  }
  address = `tcp://localhost:${await freePort()}`;
  const tls = { tlscacert: "ca.pem", tlscert: "cert.pem", tlskey: "key.pem" };
  docker = await startDocker(scratch("docker"), [
    `host=${address}`,
    "tlsverify",
    ...Object.entries(tls).map(([name, file]) => `${name}=${scratch("tls", file)}`),
  ]);
  const saved = `docker-archive:${scratch("saved.tar")}:app:1`;
  runOk("skopeo", ["--insecure-policy", "copy", "-q", `oci:${scratch("layout")}:1`, saved]);
  expect(docker.docker("load", "-q", "-i", scratch("saved.tar"))).toMatchObject({ status: 0 });
  id = docker.docker("inspect", "--format", "{{.Id}}", "app:1").stdout.trim();
});
afterAll(() => docker?.stop());

let outs = 0;

async function made(source: string, environment: Readonly<Record<string, string>> = {}) {
  const out = scratch(`out${outs++}`);
  const options = { source, out, platform: "linux/amd64", filesystem: FILESYSTEM, registry: { environment } };
  const { rootfsPath, metadata } = await convert(options);
  return { bytes: readFileSync(rootfsPath).toString("latin1"), digest: `${metadata.sourceDigest}` };
}

describe("an image of a Docker engine", () => {
  testWith(NEEDS, "is the one of the layout it came from, by its name and its ID", async () => {
    const { bytes } = await made(`oci:${scratch("layout")}`);
    const environment = { DOCKER_HOST: docker.host };
    const wanted = { bytes, digest: id };
    const short = id.slice("sha256:".length, "sha256:".length + 12);
    for (const name of ["app:1", "docker.io/library/app:1", id, short]) {
      expect([name, await made(`docker-daemon:${name}`, environment)]).toEqual([name, wanted]);
    }
    await expectError(made("docker-daemon:app:2", environment), "E_IMAGE_NOT_FOUND", "app:2");
  });

  testWith(NEEDS, "comes over TLS to those who are certified, and to nobody else", async () => {
    const certified = { DOCKER_HOST: address, DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: scratch("tls") };
    expect((await made("docker-daemon:app:1", certified)).digest).toBe(id);
    mkdirSync(scratch("nobody"));
    copyFileSync(scratch("tls/ca.pem"), scratch("nobody/ca.pem"));
    const nobody = { ...certified, DOCKER_CERT_PATH: scratch("nobody") };
    await expectError(made("docker-daemon:app:1", nobody), "E_NETWORK", "DOCKER_CERT_PATH");
    const stranger = { ...certified, DOCKER_CERT_PATH: scratch("none") };
    await expectError(made("docker-daemon:app:1", stranger), "E_NETWORK", "certificate");
    await expectError(made("docker-daemon:app:1", { DOCKER_HOST: address }), "E_NETWORK", address);
  });
});

testWith(
  [...NEEDS, ...PODMAN],
  "an image of Podman's service is the one of the layout it came from",
  async () => {
    const { bytes } = await made(`oci:${scratch("layout")}`);
    const engine = await startPodman(scratch("podman"));
    try {
      expect(engine.podman("load", "-q", "-i", scratch("saved.tar"))).toMatchObject({ status: 0 });
      const environment = { DOCKER_HOST: engine.host };
      for (const name of ["docker.io/library/app:1", "app:1", id]) {
        expect([name, (await made(`docker-daemon:${name}`, environment)).bytes]).toEqual([name, bytes]);
      }
      await expectError(made("docker-daemon:app:2", environment), "E_IMAGE_NOT_FOUND", "app:2");
    } finally {
      await engine.stop();
    }
  },
);

import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findOracle, runOk } from "./oracles.ts";
import { until } from "./waiting.ts";

export interface RegistryUser {
  readonly username: string;
  readonly password: string;
}

export interface RealRegistryOptions {
  /** Demand this user's password. */
  readonly user?: RegistryUser;
  /** Speak https with a certificate for localhost by a test authority. */
  readonly tls?: boolean;
}

/** Debian's docker-registry on a free port of the loopback interface. */
export interface RealRegistry {
  /** "localhost:PORT" */
  readonly host: string;
  /** The test authority's certificate. */
  readonly caFile: string;
  /** Puts an image of a layout there. `source` is skopeo's: "oci:FOLDER:TAG". */
  push(source: string, name: string, ...more: readonly string[]): void;
  /** Everything the registry has logged: its requests among it. */
  log(): string;
}

/** Runs a test against a registry of its own, whose storage is gone afterwards. */
export async function withRegistry(
  options: RealRegistryOptions,
  use: (registry: RealRegistry, folder: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "docker2vm-registry-"));
  const config = join(folder, "config.json");
  writeFileSync(config, JSON.stringify(configuration(folder, options)));
  const server = spawn(findOracle("docker-registry") ?? "docker-registry", ["serve", config]);
  let log = "";
  for (const stream of [server.stdout, server.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      log += text;
    });
  }
  try {
    const host = `localhost:${await portOf(server, () => log)}`;
    const caFile = join(folder, "ca.pem");
    await use({ host, caFile, log: () => log, push: pusher(folder, host, options) }, folder);
  } finally {
    server.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

function configuration(folder: string, { user, tls }: RealRegistryOptions) {
  if (tls) makeCertificate(folder);
  const users = join(folder, "htpasswd");
  if (user !== undefined) {
    const hash = Bun.password.hashSync(user.password, { algorithm: "bcrypt", cost: 4 });
    writeFileSync(users, `${user.username}:${hash}\n`);
  }
  return {
    version: "0.1",
    log: { level: "info" },
    storage: { filesystem: { rootdirectory: join(folder, "storage") } },
    http: {
      addr: "127.0.0.1:0",
      ...(tls ? { tls: { certificate: join(folder, "server.pem"), key: join(folder, "server.key") } } : {}),
    },
    ...(user === undefined ? {} : { auth: { htpasswd: { realm: "test", path: users } } }),
  };
}

function pusher(folder: string, host: string, { user, tls }: RealRegistryOptions): RealRegistry["push"] {
  const policy = join(folder, "policy.json");
  writeFileSync(policy, JSON.stringify({ default: [{ type: "insecureAcceptAnything" }] }));
  return (source, name, ...more) => {
    runOk("skopeo", [
      "--policy",
      policy,
      "copy",
      "--quiet",
      ...(tls ? ["--dest-cert-dir", certificateFolder(folder)] : ["--dest-tls-verify=false"]),
      ...(user === undefined ? [] : ["--dest-creds", `${user.username}:${user.password}`]),
      ...more,
      source,
      `docker://${host}/${name}`,
    ]);
  };
}

function certificateFolder(folder: string): string {
  return join(folder, "certs.d");
}

/** An authority, ca.pem, and a certificate of it for localhost, server.pem with server.key. */
export function makeCertificate(folder: string): void {
  const path = (name: string) => join(folder, name);
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const authority = ["-keyout", path("ca.key"), "-out", path("ca.pem"), "-subj", "/CN=Test Authority"];
  runOk("openssl", ["req", "-x509", ...newKey, ...authority]);
  const request = ["-keyout", path("server.key"), "-out", path("server.csr"), "-subj", "/CN=localhost"];
  runOk("openssl", ["req", ...newKey, ...request]);
  writeFileSync(path("san"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
  const signed = [
    "-CA",
    path("ca.pem"),
    "-CAkey",
    path("ca.key"),
    "-CAcreateserial",
    "-extfile",
    path("san"),
  ];
  runOk("openssl", ["x509", "-req", "-in", path("server.csr"), ...signed, "-out", path("server.pem")]);
  mkdirSync(certificateFolder(folder));
  copyFileSync(path("ca.pem"), join(certificateFolder(folder), "ca.crt"));
}

/** The port that it has chosen, once it listens there. */
async function portOf(server: ChildProcess, log: () => string): Promise<string> {
  let port: string | undefined;
  await until(() => {
    if (server.exitCode !== null) throw new Error(`docker-registry ended: ${log()}`);
    port = /listening on 127\.0\.0\.1:(\d+)/.exec(log())?.[1];
    return port !== undefined;
  });
  return port ?? "";
}

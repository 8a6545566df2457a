/** Debian's docker-registry on loopback, with the bench's image in it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface BenchRegistry {
  /** "127.0.0.1:PORT/bench:latest" */
  readonly reference: string;
  stop(): void;
}

/** Starts a registry and puts the layout's image there; undefined where the machine lacks docker-registry or skopeo. */
export async function benchRegistry(layout: string): Promise<BenchRegistry | undefined> {
  if (Bun.which("docker-registry") === null || Bun.which("skopeo") === null) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "docker2vm-bench-registry-"));
  const host = `127.0.0.1:${await freePort()}`;
  const config = {
    version: "0.1",
    log: { level: "error", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, "data") } },
    http: { addr: host },
  };
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  const server = Bun.spawn(["docker-registry", "serve", join(folder, "config.json")], {
    stdout: "ignore",
    stderr: "ignore",
  });
  const stop = (): void => {
    server.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  await listening(`http://${host}/v2/`);
  const target = `docker://${host}/bench:latest`;
  const copied = Bun.spawnSync([
    "skopeo",
    "copy",
    "-q",
    "--dest-tls-verify=false",
    `oci:${layout}:latest`,
    target,
  ]);
  if (copied.exitCode === 0) return { reference: `${host}/bench:latest`, stop };
  stop();
  throw new Error(`skopeo copy: ${copied.stderr.toString()}`);
}

async function listening(url: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (
      await fetch(url).then(
        () => true,
        () => false,
      )
    )
      return;
    await Bun.sleep(50);
  }
  throw new Error("docker-registry does not answer");
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

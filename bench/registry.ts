/** Debian's docker-registry on loopback, with the bench's image in it. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface BenchRegistry {
  /** "127.0.0.1:PORT/bench:latest" */
  readonly reference: string;
  /** Asks for every blob: a server that nobody has asked for a while is itself forgotten, not its files alone. */
  warm(): Promise<void>;
  stop(): void;
}

/** Starts a registry and puts the layout's image there. */
export async function benchRegistry(layout: string): Promise<BenchRegistry> {
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
  try {
    await listening(`http://${host}/v2/`);
    const target = `docker://${host}/bench:latest`;
    const copy = ["skopeo", "copy", "-q", "--dest-tls-verify=false", `oci:${layout}:latest`, target];
    const { exitCode, stderr } = Bun.spawnSync(copy);
    if (exitCode !== 0) throw new Error(`skopeo copy: ${stderr.toString()}`);
  } catch (error) {
    stop();
    throw error;
  }
  const warm = async (): Promise<void> => {
    for (const name of readdirSync(join(layout, "blobs/sha256"))) {
      const { body } = await fetch(`http://${host}/v2/bench/blobs/sha256:${name}`);
      for await (const _ of body ?? []);
    }
  };
  return { reference: `${host}/bench:latest`, warm, stop };
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

import type { Engine, Host, Output } from "../../src/cli/host.ts";
import { run } from "../../src/cli/run.ts";
import type { ConvertResult } from "../../src/convert/convert.ts";
import type { ConversionPlan } from "../../src/convert/dry-run.ts";
import type { ConvertOptions } from "../../src/convert/options.ts";
import { type Digest, parseDigest } from "../../src/oci/digest.ts";

/** A stream that keeps what it is given. */
export class Recorder implements Output {
  text = "";
  readonly isTTY: boolean;
  readonly columns: number;
  readonly rows: number;

  constructor(isTTY = false, columns = 80, rows = 24) {
    this.isTTY = isTTY;
    this.columns = columns;
    this.rows = rows;
  }

  write(text: string): void {
    this.text += text;
  }
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The options the engine was called with, if it was. */
  readonly options: ConvertOptions | undefined;
}

/** Runs the command against an engine that converts nothing. */
export async function runWith(
  args: readonly string[],
  engine: Partial<Engine> = {},
  host: Partial<Host> = {},
): Promise<Ran> {
  const stdout = new Recorder();
  const stderr = new Recorder();
  let options: ConvertOptions | undefined;
  const code = await run(args, {
    env: {},
    openStdin: () => noBytes(),
    stdinIsTerminal: false,
    stdout: {
      write: async (data) => {
        stdout.write(typeof data === "string" ? data : Buffer.from(data).toString("latin1"));
        return true;
      },
    },
    stderr,
    signal: new AbortController().signal,
    engine: {
      convert: async (given) => {
        options = given;
        return engine.convert?.(given) ?? RESULT;
      },
      planConversion: async (given) => {
        options = given;
        return engine.planConversion?.(given) ?? PLAN;
      },
    },
    ...host,
  });
  return { code, stdout: stdout.text, stderr: stderr.text, options };
}

async function* noBytes(): AsyncGenerator<Uint8Array> {}

/** A digest that is one hexadecimal digit over and over. */
export function digestOf(digit: string): Digest {
  return parseDigest(`sha256:${digit.repeat(64)}`, "test");
}

const RUNTIME = {
  entrypoint: ["/bin/serve", "--motd", "two words"],
  cmd: ["it's"],
  env: ["PATH=/bin"],
  workdir: "/srv",
  user: "101:101",
  exposedPorts: ["80/tcp", "443/tcp"],
  labels: {},
  stopSignal: "SIGTERM",
  volumes: [],
};

export const RESULT: ConvertResult = {
  rootfsPath: "/vm/rootfs.ext4",
  metadataPath: "/vm/meta.json",
  assetPaths: [],
  apparentBytes: 128 * 1024 * 1024,
  sizing: { kind: "auto", free: "default" },
  allocatedBytes: 12 * 1024 * 1024 + 512 * 1024,
  warnings: ["layer 1: something odd"],
  metadata: {
    schemaVersion: 1,
    source: { kind: "oci-layout", reference: "oci:./app" },
    sourceDigest: digestOf("a"),
    platform: "linux/amd64",
    mode: "rootfs",
    profile: "baseline",
    runtime: RUNTIME,
    layers: [{ digest: digestOf("b"), diffId: digestOf("c"), size: 1000 }],
    filesystem: {
      type: "ext4",
      uuid: "01234567-89ab-cdef-0123-456789abcdef",
      label: "rootfs",
      blockSize: 4096,
      blocks: 32768,
      freeBlocks: 25600,
      inodes: 8192,
    },
  },
};

const PLAN: ConversionPlan = {
  dryRun: true,
  source: RESULT.metadata.source,
  sourceDigest: RESULT.metadata.sourceDigest,
  platform: "linux/amd64",
  mode: "rootfs",
  profile: "baseline",
  runtime: RUNTIME,
  layers: RESULT.metadata.layers,
  storedBytes: 1000,
  sizing: RESULT.sizing,
  apparentBytes: null,
  filesystem: {
    type: "ext4",
    uuid: RESULT.metadata.filesystem.uuid,
    label: "rootfs",
    blockSize: 4096,
    blocks: null,
    options: {
      inodes: undefined,
      journal: "auto",
      readOnly: false,
      lostAndFound: true,
      verity: false,
    },
  },
  resultKey: null,
  outputs: ["/vm/rootfs.ext4", "/vm/meta.json"],
};

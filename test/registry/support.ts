import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Timing } from "../../src/http/timing.ts";
import { parsePlatform } from "../../src/oci/platform.ts";
import type { RegistryEvent } from "../../src/registry/events.ts";
import type { RegistryOptions } from "../../src/source/registry-options.ts";
import { openRegistrySource } from "../../src/source/registry-source.ts";
import type { ImageSource } from "../../src/source/source.ts";
import { collect } from "../source/support.ts";
import { buildLayout, type LayoutImage, sha256 } from "../support/layout-builder.ts";
import { ScriptedRegistry } from "../support/scripted-registry.ts";

export const AMD64 = parsePlatform("linux/amd64");
export const NAME = "team/app";
/** Neither compresses: their stored bytes are as many. */
export const LAYERS = [noise(300_000, 1), noise(70_000, 2)] as const;

/** Bytes that look like chance and are the same every time. */
export function noise(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** A clock that stands still except where somebody sleeps, and then jumps. */
export class TestTiming implements Timing {
  readonly slept: number[] = [];
  #now = Date.UTC(2030, 0, 1);

  now(): number {
    return this.#now;
  }

  pass(milliseconds: number): void {
    this.#now += milliseconds;
  }

  async sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.slept.push(milliseconds);
    this.#now += milliseconds;
  }

  random(): number {
    return 0;
  }
}

export interface Scene {
  readonly registry: ScriptedRegistry;
  readonly folder: string;
  /** "127.0.0.1:PORT/team/app" */
  readonly name: string;
  readonly built: ReturnType<typeof buildLayout>;
  readonly timing: TestTiming;
  readonly events: RegistryEvent[];
  /** What a pull needs. */
  readonly options: RegistryOptions;
  /** The image as a source, which is closed at the latest when the scene ends. */
  open(more?: Partial<RegistryOptions>): Promise<ImageSource>;
  /** Resolves and reads every layer; the digests of what came. */
  pull(more?: Partial<RegistryOptions>, reference?: string): Promise<string[]>;
}

/** A scripted registry that has an image of LAYERS under the tag latest, and a folder; all gone afterwards. */
export async function withScene(
  use: (scene: Scene) => Promise<void>,
  image: LayoutImage = { layers: LAYERS, compress: "none" },
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "docker2vm-pull-"));
  const registry = await ScriptedRegistry.start();
  const opened: ImageSource[] = [];
  try {
    const layout = join(folder, "layout");
    const built = buildLayout(layout, image);
    registry.addLayout(layout);
    mkdirSync(join(folder, "home"));
    mkdirSync(join(folder, "scratch"));
    const timing = new TestTiming();
    const events: RegistryEvent[] = [];
    const options: RegistryOptions = {
      environment: { HOME: join(folder, "home") },
      scratchFolder: join(folder, "scratch"),
      timing,
      onEvent: (event) => events.push(event),
    };
    const name = `${registry.host}/${NAME}`;
    const pull: Scene["pull"] = (more, reference = name) => pullAll(reference, { ...options, ...more });
    const open: Scene["open"] = async (more) => {
      const source = await openRegistrySource(name, { ...options, ...more });
      opened.push(source);
      return source;
    };
    await use({ registry, folder, name, built, timing, events, options, open, pull });
  } finally {
    for (const source of opened) await source.close();
    registry.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Resolves and reads every layer at once, as a conversion does; the digests of what came. */
export async function pullAll(reference: string, options: RegistryOptions): Promise<string[]> {
  const source = await openRegistrySource(reference, options);
  try {
    const image = await source.resolve(AMD64, true);
    return await Promise.all(image.layers.map(async (layer) => sha256(await collect(layer.open()))));
  } finally {
    await source.close();
  }
}

export function retriesOf(events: readonly RegistryEvent[]) {
  return events.filter((event) => event.type === "retry");
}

export function warningsOf(events: readonly RegistryEvent[]): readonly string[] {
  return events.flatMap((event) => (event.type === "warning" ? [event.message] : []));
}

/** The modules of one version of a kernel: which there are, which are built in, what each needs before it. */
import { gunzipSync } from "node:zlib";
import { sniffCompression } from "../inflate/sniff.ts";
import { inflatedWhole } from "../inflate/whole.ts";
import { isModule, moduleName } from "../initramfs/module-name.ts";
import { type KernelFiles, MODULE_FOLDERS } from "./files.ts";
import { damaged } from "./kernel-error.ts";
import { readModuleInfo } from "./module-info.ts";
import { unxzWhole } from "./xz.ts";

const MOST = 256 << 20;

export interface LoadableModule {
  readonly name: string;
  /** Decompressed, as every kernel takes it. */
  readonly bytes: Uint8Array;
}

export class KernelModules {
  readonly #files: KernelFiles;
  /** By the name. */
  readonly #paths: ReadonlyMap<string, string>;
  readonly #builtIn: ReadonlySet<string>;
  readonly #loaded = new Map<string, Promise<LoadableModule>>();

  private constructor(files: KernelFiles, paths: ReadonlyMap<string, string>, builtIn: ReadonlySet<string>) {
    this.#files = files;
    this.#paths = paths;
    this.#builtIn = builtIn;
  }

  /** Those of a version; undefined where the files have none of it. */
  static async of(files: KernelFiles, version: string): Promise<KernelModules | undefined> {
    const folders = MODULE_FOLDERS.map((folder) => `${folder}/${version}/`);
    const own = files.paths.filter((path) => folders.some((folder) => path.startsWith(folder)));
    const list = own.find((path) => path.endsWith(`/${version}/modules.builtin`));
    const modules = own.filter(isModule);
    if (list === undefined && modules.length === 0) return undefined;
    const text = list === undefined ? "" : Buffer.from(await files.read(list)).toString("latin1");
    const builtIn = text.split("\n").filter(isModule).map(moduleName);
    const paths = new Map(modules.map((path) => [moduleName(path), path]));
    return new KernelModules(files, paths, new Set(builtIn));
  }

  isBuiltIn(name: string): boolean {
    return this.#builtIn.has(moduleName(name));
  }

  has(name: string): boolean {
    return this.#paths.has(moduleName(name));
  }

  /**
   * The modules of these names that the kernel has not built in, and all that they need, each behind what it needs. A
   * name that the kernel does not know is passed over.
   */
  async withNeeds(names: readonly string[]): Promise<readonly LoadableModule[]> {
    const found = new Map<string, LoadableModule>();
    for (const name of names) await this.#add(this.#known(name), found, new Set());
    return [...found.values()];
  }

  async #add(
    name: string | undefined,
    found: Map<string, LoadableModule>,
    above: ReadonlySet<string>,
  ): Promise<void> {
    if (name === undefined || found.has(name) || above.has(name)) return;
    const module = await this.#load(name);
    const { depends, asksFor } = readModuleInfo(module.bytes, this.#where(name));
    const way = new Set([...above, name]);
    for (const each of [...depends, ...asksFor]) await this.#add(this.#known(each), found, way);
    found.set(name, module);
  }

  /** What is asked for may be an algorithm, of which the plain form has this name (crypto/Makefile). */
  #known(name: string): string | undefined {
    return [name, `${name}_generic`].map(moduleName).find((each) => this.#paths.has(each));
  }

  #load(name: string): Promise<LoadableModule> {
    let loaded = this.#loaded.get(name);
    if (loaded === undefined) {
      loaded = this.#read(name);
      this.#loaded.set(name, loaded);
    }
    return loaded;
  }

  async #read(name: string): Promise<LoadableModule> {
    const path = this.#paths.get(name) ?? "";
    const stored = await this.#files.read(path);
    if (path.endsWith(".ko")) return { name, bytes: stored };
    if (path.endsWith(".xz")) {
      return {
        name,
        bytes: await unxzWhole(stored, MOST, this.#where(name), "decompress the modules: xz -d"),
      };
    }
    try {
      const isGzip = sniffCompression(stored) === "gzip";
      const options = { maxOutputLength: MOST };
      return { name, bytes: isGzip ? gunzipSync(stored, options) : inflatedWhole("zstd", stored, MOST) };
    } catch (error) {
      throw damaged(this.#where(name), error);
    }
  }

  #where(name: string): string {
    return `${this.#files.where}: ${this.#paths.get(name)}`;
  }
}

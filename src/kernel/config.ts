/** What a kernel was configured with: the text of /boot/config-VERSION, or what CONFIG_IKCONFIG has put into the image. */
import { gunzipSync } from "node:zlib";

/** kernel/configs.c: a gzip between two marks. */
const BEGIN = Buffer.from("IKCFG_ST", "latin1");
const END = Buffer.from("IKCFG_ED", "latin1");

/** A configuration has some hundred KiB. */
const MOST = 4 << 20;

export type Setting = "built-in" | "module" | "absent";

export class KernelConfig {
  readonly #values: ReadonlyMap<string, string>;

  constructor(text: string) {
    const lines = [...text.matchAll(/^CONFIG_(\w+)=(.*)$/gm)];
    this.#values = new Map(lines.map(([, name = "", value = ""]) => [name, value]));
  }

  /** Of an option without "CONFIG_" in front. */
  setting(option: string): Setting {
    const value = this.#values.get(option);
    return value === undefined || value === "n" ? "absent" : value === "m" ? "module" : "built-in";
  }
}

/** The configuration in a kernel's bytes, uncompressed; undefined where there is none. */
export function embeddedConfig(bytes: Uint8Array): KernelConfig | undefined {
  const kernel = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const begin = kernel.indexOf(BEGIN);
  const end = begin === -1 ? -1 : kernel.indexOf(END, begin);
  if (end === -1) return undefined;
  try {
    const packed = kernel.subarray(begin + BEGIN.length, end);
    return new KernelConfig(gunzipSync(packed, { maxOutputLength: MOST }).toString("latin1"));
  } catch {
    return undefined;
  }
}

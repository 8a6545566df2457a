/** The program that compresses: C, compiled to WebAssembly, with a memory that holds one input and one block. */
import { WASM } from "./built.ts";

/** Of the runtime; the types of Node do not have it. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

const WASM_PAGE = 1 << 16;

/** As program/lz4.h has it: places are bytes of the memory. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): void };
  /** Where the memory begins that the program itself has no use for. */
  readonly __heap_base: { readonly value: number };
  compress_fast(input: number, length: number, step: number, limit: number, output: number): number;
  compress_by_chains(
    input: number,
    length: number,
    step: number,
    limit: number,
    output: number,
    attempts: number,
  ): number;
  taken(): number;
}

export interface Program {
  readonly exports: Exports;
  /** Room for input. */
  readonly input: Uint8Array;
  /** Room for a block. */
  readonly output: Uint8Array;
}

/** Starts the program with room for so many bytes. */
export function startProgram(inputBytes: number, outputBytes: number): Program {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(WASM, "base64")));
  const program = exports as Exports;
  const { memory, __heap_base: base } = program;
  const end = base.value + inputBytes + outputBytes;
  memory.grow(Math.max(Math.ceil((end - memory.buffer.byteLength) / WASM_PAGE), 0));
  return {
    exports: program,
    input: new Uint8Array(memory.buffer, base.value, inputBytes),
    output: new Uint8Array(memory.buffer, base.value + inputBytes, outputBytes),
  };
}

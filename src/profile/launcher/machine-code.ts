import { assert } from "../../errors.ts";

/** Changes the bytes of an instruction at `at` so that it leads `distance` bytes on from `at`. */
type Patch = (code: Buffer, at: number, distance: number) => void;

/** Bytes of a program with names for places in it, known before the places are. */
export class MachineCode {
  readonly #bytes: number[] = [];
  readonly #labels = new Map<string, number>();
  readonly #references: { at: number; label: string; patch: Patch }[] = [];

  /** Names the place of what is emitted next. */
  label(name: string): void {
    assert(!this.#labels.has(name), `two places called ${name}`);
    this.#labels.set(name, this.#bytes.length);
  }

  emit(...bytes: readonly number[]): void {
    for (const byte of bytes) this.#bytes.push(byte & 0xff);
  }

  /** A little-endian 32-bit number; negative ones in two's complement. */
  emit32(value: number): void {
    this.emit(value, value >> 8, value >> 16, value >> 24);
  }

  /** What is emitted next refers to a place; it is patched when all places are known. */
  refer(label: string, patch: Patch): void {
    this.#references.push({ at: this.#bytes.length, label, patch });
  }

  align(bytes: number): void {
    while (this.#bytes.length % bytes !== 0) this.emit(0);
  }

  finish(): Uint8Array {
    const code = Buffer.from(this.#bytes);
    for (const { at, label, patch } of this.#references) {
      const place = this.#labels.get(label);
      assert(place !== undefined, `no place called ${label}`);
      patch(code, at, place - at);
    }
    return code;
  }
}

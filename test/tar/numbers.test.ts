import { afterAll, expect } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { readNumber } from "../../src/tar/fields.ts";
import { HEADER } from "../../src/tar/format.ts";
import { run, testWith } from "../support/oracles.ts";
import { tar, tarHeader } from "../support/tar-builder.ts";

const folder = mkdtempSync(join(tmpdir(), "docker2vm-tar-numbers-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const WIDTH = HEADER.mtime.width;

const characters = (alphabet: string, maxLength: number) =>
  fc.array(fc.constantFrom(...alphabet), { maxLength }).map((list) => list.join(""));

/** Everything that writers put around octal digits, and more; few of one kind, so that all kinds meet. */
const octal = fc
  .tuple(
    characters("\0  \t", 3),
    characters("01234567", 12),
    characters("\0 \n", 2),
    characters("\0 078-+xZ", 4),
  )
  .map((parts) => parts.join(""));
/** GNU's binary numbers, small enough to be shown as times. */
const binary = fc
  .tuple(
    fc.constantFrom("", " ", "\0", "\0 "),
    fc.constantFrom("\x80", "\xff"),
    fc.integer({ min: 0, max: 2 ** 31 }),
  )
  .map(([blanks, first, low]) => {
    const bytes = Buffer.alloc(WIDTH - blanks.length, first === "\xff" ? 0xff : 0);
    bytes[0] = first.charCodeAt(0);
    bytes.writeUInt32BE(low, bytes.length - 4);
    return blanks + bytes.toString("latin1");
  });

/** What GNU tar shows as the field's number; it reads what it refuses as -1. */
function gnuNumbers(fields: readonly string[]): number[] {
  const archive = join(folder, "fields.tar");
  writeFileSync(archive, tar(fields.map((mtime, at) => tarHeader({ path: `f${at}`, raw: { mtime } }))));
  const { stdout } = run("tar", ["--utc", "--full-time", "-tvf", archive]);
  const shown = new Map(
    stdout.split("\n").flatMap((line) => {
      const match = /(\S+) (\S+) f([0-9]+)$/.exec(line);
      return match === null ? [] : [[Number(match[3]), Date.parse(`${match[1]}T${match[2]}Z`) / 1000]];
    }) as [number, number][],
  );
  return fields.map((_, at) => shown.get(at) ?? Number.NaN);
}

function ours(field: string): number | undefined {
  try {
    return readNumber(tarHeader({ raw: { mtime: field } }), HEADER.mtime);
  } catch {
    return undefined;
  }
}

/** Go's archive/tar: blanks off both ends, then octal digits to the first NUL; nothing is 0. */
function goOctal(field: string): number | undefined {
  const digits = field.replace(/^[ \0]+|[ \0]+$/g, "").replace(/\0.*$/s, "");
  if (digits === "") return 0;
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : undefined;
}

testWith(
  ["tar"],
  "numbers are what GNU tar reads, and what Go reads where that refuses or stops short",
  () => {
    const fields = [...fc.sample(octal, 1500), ...fc.sample(binary, 300)].map((text) => text.slice(0, WIDTH));
    const gnu = gnuNumbers(fields);
    for (const [at, field] of fields.entries()) {
      const expected = gnu[at];
      const context = JSON.stringify(field);
      // Its base 64 of 1999 (a sign, then digits): nobody else reads that so.
      if (/^\0?[\s]*[-+]/.test(field)) {
        expect([context, ours(field)]).toEqual([context, undefined]);
      } else if (/^(?:\0?\s*|[\s\0]*\0.*)$/s.test(field) || expected === -1) {
        // Blank, or a NUL where GNU tar stops, or refused: Go's number, if that is one.
        const go = goOctal(field);
        if (go !== undefined) expect([context, ours(field)]).toEqual([context, go]);
      } else {
        expect([context, ours(field)]).toEqual([context, expected]);
      }
    }
  },
);

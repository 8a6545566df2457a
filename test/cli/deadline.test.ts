/** --timeout: what takes longer is stopped, and leaves nothing. */
import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { ConvertOptions } from "../../src/convert/options.ts";
import { Docker2vmError } from "../../src/errors.ts";
import { REPOSITORY } from "../support/package.ts";
import { scratchFolder } from "../support/scratch.ts";
import { RESULT, runWith } from "./fake-host.ts";

const scratch = scratchFolder();
const MAIN = join(REPOSITORY, "src/cli/main.ts");
const CONVERT = ["convert", "oci:./app", "--out", "vm"];

/** Never comes to its end, but by its signal. */
const forever = ({ signal }: ConvertOptions) =>
  new Promise<never>((_, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason));
  });

test("a conversion that takes longer is stopped", async () => {
  for (const command of [CONVERT, ["oci2gondolin", "--image", "app", "--out", "vm"]]) {
    const { code, stderr } = await runWith([...command, "--timeout", "1s"], { convert: forever });
    expect(stderr).toBe(
      "error: stopped after 1s: no image was written\n  hint: raise --timeout if it is meant to take that long\n",
    );
    expect(code).toBe(8);
  }
});

test("so is one whose input does not come, and nothing is left of it", async () => {
  const out = scratch("out");
  const child = spawn(process.execPath, [MAIN, "convert", "-", "--out", out, "--timeout", "1s"]);
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  expect(await new Promise((resolve) => child.on("close", resolve))).toBe(8);
  expect(said).toContain("error: stopped after 1s: no image was written");
  expect(existsSync(out)).toBe(false);
});

test("so is a pull, whatever it waits for, and nothing is left of it", async () => {
  for (const answer of [() => undefined, (response: ServerResponse) => void response.write(" ")]) {
    const registry = createServer((_, response) => answer(response));
    await new Promise<void>((resolve) => registry.listen(0, "127.0.0.1", resolve));
    const { port } = registry.address() as AddressInfo;
    const out = scratch("pulled");
    const args = [MAIN, "convert", `127.0.0.1:${port}/app`, "--no-cache", "--out", out, "--timeout", "1s"];
    const child = spawn(process.execPath, args);
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    expect(await new Promise((resolve) => child.on("close", resolve))).toBe(8);
    expect(said).toContain("error: stopped after 1s: no image was written");
    expect(existsSync(out)).toBe(false);
    registry.close();
    registry.closeAllConnections();
  }
});

test("a signal goes first, and one that is done has no time to keep to", async () => {
  const stopped = new Docker2vmError("E_INTERRUPTED", "stopped by SIGINT");
  const signal = AbortSignal.abort(stopped);
  const convert = async (options: ConvertOptions): Promise<never> => {
    options.signal?.throwIfAborted();
    throw new Error("not stopped");
  };
  expect((await runWith([...CONVERT, "--timeout", "20d"], { convert }, { signal })).code).toBe(130);
  expect((await runWith([...CONVERT, "--timeout", "20d"], { convert: async () => RESULT })).code).toBe(0);
});

test("what is no time is refused", async () => {
  for (const [text, said] of [
    ["soon", 'error: --timeout "soon" is not a time\n'],
    ["10", 'error: --timeout "10" is not a time\n'],
    ["0s", 'error: --timeout "0s" is not possible\n'],
    ["25d", 'error: --timeout "25d" is not possible\n'],
  ] as const) {
    const { code, stderr, options } = await runWith([...CONVERT, "--timeout", text]);
    expect(stderr).toStartWith(said);
    expect([code, options]).toEqual([2, undefined]);
  }
});

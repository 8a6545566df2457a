import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { rootCertificates } from "node:tls";
import { readCertificates } from "../../src/registry/certificates.ts";
import { expectError } from "../support/expect-error.ts";
import { scratchFolder } from "../support/scratch.ts";
import { withScene } from "./support.ts";

const scratch = scratchFolder();
const [ONE = "", TWO = ""] = rootCertificates;
const DER = Buffer.from(ONE.replace(/-----.*-----/g, ""), "base64");

function file(content: string | Uint8Array): string {
  const path = scratch("ca.pem");
  writeFileSync(path, content);
  return path;
}

describe("a file of certificates", () => {
  test("may hold several, with text around them and any line ends", async () => {
    for (const text of [ONE, `${ONE}\n${TWO}`, `# An authority\r\n${ONE.replaceAll("\n", "\r\n")}\r\nmore`]) {
      expect(await readCertificates(file(text))).toBe(text);
    }
  });

  const cut = TWO.slice(0, 500);
  const cases: readonly [string, string | Uint8Array, ...string[]][] = [
    ["is empty", "", "no certificate in PEM form", "begins with -----BEGIN CERTIFICATE-----"],
    ["holds something else", "hello", "no certificate in PEM form"],
    ["is DER", DER, "no certificate in PEM form", "openssl x509 -inform DER"],
    ["is a key", "-----BEGIN EC PRIVATE KEY-----\nAA==\n-----END EC PRIVATE KEY-----\n", "a private key"],
    ["is cut off", ONE.slice(0, -40), "certificate 1 in it is broken", "cut off"],
    ["is cut off after the first", `${ONE}\n${cut}`, "certificate 2 in it is broken"],
    ["is cut off before the last", `${cut}\n${ONE}`, "certificate 1 in it is broken"],
    ["holds nonsense", `${ONE}\n-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----`, "certificate 2"],
  ];
  for (const [how, content, ...said] of cases) {
    test(`that ${how} is refused with the reason`, () =>
      expectError(readCertificates(file(content)), "E_USAGE", scratch("ca.pem"), ...said));
  }

  test("that is not there, or a folder, is named with the reason before anything is asked", () =>
    withScene(async ({ pull, registry }) => {
      await expectError(
        pull({ caFile: "/nonexistent/ca" }),
        "E_USAGE",
        "/nonexistent/ca: there is no such file",
      );
      await expectError(pull({ caFile: scratch() }), "E_USAGE", `${scratch()}: it is a folder`, "--ca");
      expect(registry.seen).toEqual([]);
    }));
});

import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readSignatureKey } from "../../src/signature/key.ts";
import { makeSigningKey } from "../support/cosign.ts";
import { expectError } from "../support/expect-error.ts";
import { runOk } from "../support/oracles.ts";
import { withTemporaryFolder } from "../support/temporary.ts";

const KEY = makeSigningKey();
const pem = (type: "rsa" | "ed25519") => {
  const { publicKey } =
    type === "rsa" ? generateKeyPairSync("rsa", { modulusLength: 2048 }) : generateKeyPairSync("ed25519");
  return publicKey.export({ type: "spki", format: "pem" }).toString();
};
const ENCRYPTED =
  "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n";

test("a key must be a public one on P-256", () =>
  withTemporaryFolder(async (folder) => {
    const files: Readonly<Record<string, readonly [text: string, said: string]>> = {
      curve: [makeSigningKey("P-384").publicPem, "P-256"],
      rsa: [pem("rsa"), "P-256"],
      ed25519: [pem("ed25519"), "P-256"],
      private: [KEY.privateKey.export({ type: "pkcs8", format: "pem" }).toString(), "is a private key"],
      sec1: [KEY.privateKey.export({ type: "sec1", format: "pem" }).toString(), "is a private key"],
      "cosign.key": [ENCRYPTED, "is a private key"],
      both: [KEY.publicPem + ENCRYPTED, "is a private key"],
      two: [KEY.publicPem + makeSigningKey().publicPem, "holds 2 public keys"],
      nonsense: ["-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "P-256"],
      certificate: ["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "holds no public key"],
      empty: ["", "holds no public key"],
    };
    for (const [name, [text, said]] of Object.entries(files)) {
      const path = join(folder, name);
      writeFileSync(path, text);
      await expectError(readSignatureKey(path), "E_USAGE", `the key ${path}: `, said);
    }
    mkdirSync(join(folder, "folder"));
    await expectError(
      readSignatureKey(join(folder, "folder")),
      "E_USAGE",
      "it is a folder",
      "name the public key",
    );
    await expectError(readSignatureKey("/nowhere/cosign.pub"), "E_USAGE", "there is no such file");
    await expectError(readSignatureKey("/dev/zero"), "E_USAGE", "holds no public key");
    const path = join(folder, "cosign.pub");
    writeFileSync(path, KEY.publicPem);
    expect((await readSignatureKey(path)).asymmetricKeyType).toBe("ec");
  }));

test("a key may come through a pipe", () =>
  withTemporaryFolder(async (folder) => {
    const pipe = join(folder, "pipe");
    runOk("mkfifo", [pipe]);
    const writer = spawn("sh", ["-c", 'printf %s "$1" > "$2"', "sh", KEY.publicPem, pipe]);
    expect((await readSignatureKey(pipe)).asymmetricKeyType).toBe("ec");
    writer.kill();
  }));

import { expect, test } from "bun:test";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readPrivateKey } from "../../src/signature/private-key.ts";
import { COSIGN_KEY, COSIGN_PUB, makeSigningKey } from "../support/cosign.ts";
import { expectError } from "../support/expect-error.ts";
import { runOk, testWith } from "../support/oracles.ts";
import { withTemporaryFolder } from "../support/temporary.ts";

/** A key in cosign's form with something else in it. */
function changedKey(
  change: (document: {
    kdf: { name: string; params: { N: number } };
    cipher: { name: string };
    ciphertext: string;
  }) => void,
): string {
  const [base64 = ""] = /\n[^-]+\n/.exec(COSIGN_KEY) ?? [];
  const document = JSON.parse(Buffer.from(base64, "base64").toString("utf8"));
  change(document);
  return COSIGN_KEY.replace(base64, `\n${Buffer.from(JSON.stringify(document)).toString("base64")}\n`);
}

const pem = (key: { export(options: object): string | Buffer }, type: string) =>
  key.export({ type, format: "pem" }).toString();

test("cosign's key is opened by its password alone", () =>
  withTemporaryFolder(async (folder) => {
    const path = join(folder, "cosign.key");
    writeFileSync(path, COSIGN_KEY);
    const key = await readPrivateKey(path, "quiet");
    expect(pem(createPublicKey(key), "spki")).toBe(COSIGN_PUB);
    await expectError(readPrivateKey(path, "Quiet"), "E_USAGE", "does not open it", "COSIGN_PASSWORD");
    await expectError(readPrivateKey(path, undefined), "E_USAGE", "no password is given", "COSIGN_PASSWORD");
    // As cosign 1 called it.
    writeFileSync(path, COSIGN_KEY.replaceAll("SIGSTORE", "COSIGN"));
    expect((await readPrivateKey(path, "quiet")).type).toBe("private");
  }));

testWith(["openssl"], "keys as openssl writes them are taken, with a password and without", () =>
  withTemporaryFolder(async (folder) => {
    const path = (name: string) => join(folder, name);
    runOk("openssl", ["ecparam", "-name", "prime256v1", "-genkey", "-out", path("sec1")]);
    runOk("openssl", ["pkcs8", "-topk8", "-nocrypt", "-in", path("sec1"), "-out", path("pkcs8")]);
    const locked = ["-passout", "pass:quiet"];
    runOk("openssl", ["pkcs8", "-topk8", "-in", path("sec1"), "-out", path("locked"), ...locked]);
    runOk("openssl", ["ec", "-aes256", "-in", path("sec1"), "-out", path("locked sec1"), ...locked]);
    const publicKey = runOk("openssl", ["pkey", "-in", path("sec1"), "-pubout"]);
    for (const name of ["sec1", "pkcs8", "locked", "locked sec1"]) {
      expect(pem(createPublicKey(await readPrivateKey(path(name), "quiet")), "spki")).toBe(publicKey);
    }
    for (const name of ["locked", "locked sec1"]) {
      await expectError(readPrivateKey(path(name), "loud"), "E_USAGE", "does not open it");
      await expectError(readPrivateKey(path(name), undefined), "E_USAGE", "no password is given");
    }
  }),
);

test("what is no private key on P-256 is refused by what it is", () =>
  withTemporaryFolder(async (folder) => {
    const { privateKey, publicPem } = makeSigningKey();
    const p256 = pem(privateKey, "pkcs8");
    const files: Readonly<Record<string, readonly [text: string, said: string]>> = {
      "cosign.pub": [publicPem, "is a public key"],
      curve: [pem(makeSigningKey("P-384").privateKey, "pkcs8"), "P-256"],
      rsa: [pem(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey, "pkcs8"), "P-256"],
      pkcs1: [
        pem(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey, "pkcs1"),
        "RSA PRIVATE KEY",
      ],
      ed25519: [pem(generateKeyPairSync("ed25519").privateKey, "pkcs8"), "P-256"],
      two: [p256 + p256, "several private keys"],
      broken: ["-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "is broken"],
      empty: ["", "holds no private key"],
      "no document": [COSIGN_KEY.replace(/\n[^-]*\n/, "\nAAAA\n"), "is broken: its contents"],
      "another kdf": [changedKey(({ kdf }) => Object.assign(kdf, { name: "argon2" })), "expected scrypt"],
      "another cipher": [changedKey(({ cipher }) => Object.assign(cipher, { name: "aes" })), "secretbox"],
      "a kdf that wants all memory": [
        changedKey(({ kdf }) => Object.assign(kdf.params, { N: 2 ** 30 })),
        "bytes of memory",
      ],
      "a kdf that is none": [changedKey(({ kdf }) => Object.assign(kdf.params, { N: 3 })), "is broken"],
      "sealed otherwise": [
        changedKey((key) => Object.assign(key, { ciphertext: "AAAA" })),
        "does not open it",
      ],
    };
    for (const [name, [text, said]] of Object.entries(files)) {
      const path = join(folder, name);
      writeFileSync(path, text);
      await expectError(readPrivateKey(path, "quiet"), "E_USAGE", `the key ${path}: `, said);
    }
    await expectError(readPrivateKey("/nowhere/cosign.key", "quiet"), "E_USAGE", "there is no such file");
  }));

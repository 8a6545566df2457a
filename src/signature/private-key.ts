/** Private keys: cosign's own form (sigstore/cosign specs, secure-systems-lab encrypted), and those of PEM. */
import { createPrivateKey, type KeyObject, scrypt } from "node:crypto";
import { Docker2vmError } from "../errors.ts";
import { type JsonValue, parseJson } from "../oci/json.ts";
import { isCosigns } from "./key.ts";
import { readKeyFile, unusableKey } from "./key-file.ts";
import { KEY_BYTES, openSecretbox } from "./secretbox.ts";

/** A block of PEM that has a key: its label, and what is in it, headers too. */
const BLOCK = /-----BEGIN ([A-Z0-9 ]*(?:PRIVATE|PUBLIC) KEY)-----((?:[^-]|-(?!-{4}))*)-----END \1-----/g;
const COSIGNS = /^ENCRYPTED (?:SIGSTORE|COSIGN) PRIVATE KEY$/;
const PLAIN = /^(?:EC )?PRIVATE KEY$/;
/** PKCS#8 under a password, or the older form that says so in a header. */
const ENCRYPTED = /^ENCRYPTED PRIVATE KEY$/;
const ENCRYPTED_HEADER = "Proc-Type: 4,ENCRYPTED";

/** Memory that a password may take to be tried: eight times what cosign asks for. */
const SCRYPT_LIMIT = 512 << 20;
const CIPHER_LIMIT = 16 << 10;

const MAKE_ONE = "cosign generate-key-pair writes one to cosign.key, openssl genpkey one without a password";
const GIVE_PASSWORD = "give its password in COSIGN_PASSWORD or with --key-password-file FILE";

/**
 * The private key in a PEM file, of cosign's kind (ECDSA on P-256): as cosign writes it, PKCS#8 or SEC 1. Throws E_USAGE for
 * anything else, and where the password does not open it.
 * @param password of a key that is encrypted; of others it is not looked at
 */
export async function readPrivateKey(path: string, password: string | undefined): Promise<KeyObject> {
  const pem = await readKeyFile(path, "name the private key to sign with");
  const blocks = [...pem.matchAll(BLOCK)].map(([whole, label = "", text = ""]) => ({ whole, label, text }));
  const [block, ...more] = blocks.filter(({ label }) => label.endsWith("PRIVATE KEY"));
  if (block === undefined) {
    throw blocks.length > 0
      ? unusableKey(path, "is a public key", "signing takes the private one, as cosign.key beside cosign.pub")
      : unusableKey(path, "holds no private key in PEM form", MAKE_ONE);
  }
  if (more.length > 0) throw unusableKey(path, "holds several private keys", "give a file with one");
  const key = await openBlock(path, block, password);
  if (isCosigns(key)) return key;
  throw unusableKey(path, "is no key of cosign's kind (ECDSA on P-256)", MAKE_ONE);
}

interface Block {
  readonly whole: string;
  readonly label: string;
  readonly text: string;
}

async function openBlock(
  path: string,
  { whole, label, text }: Block,
  password: string | undefined,
): Promise<KeyObject> {
  const isEncrypted = ENCRYPTED.test(label) || text.includes(ENCRYPTED_HEADER);
  if (!isEncrypted && !COSIGNS.test(label) && !PLAIN.test(label)) {
    throw unusableKey(path, `is a key of another form (${label})`, MAKE_ONE);
  }
  if ((isEncrypted || COSIGNS.test(label)) && password === undefined) {
    throw unusableKey(path, "is encrypted, and no password is given", GIVE_PASSWORD);
  }
  try {
    if (!COSIGNS.test(label)) {
      return createPrivateKey(isEncrypted ? { key: whole, passphrase: password ?? "" } : whole);
    }
    const key = await openCosigns(Buffer.from(text, "base64"), password ?? "");
    if (key !== undefined) return createPrivateKey({ key, format: "der", type: "pkcs8" });
  } catch (cause) {
    if (isEncrypted) throw wrongPassword(path, cause);
    const why = cause instanceof Docker2vmError ? `: ${cause.message}` : "";
    throw unusableKey(path, `is broken${why}`, MAKE_ONE, cause);
  }
  throw wrongPassword(path);
}

function wrongPassword(path: string, cause?: unknown): Docker2vmError {
  return unusableKey(path, "the password does not open it", GIVE_PASSWORD, cause);
}

/** The key in DER; undefined where the password is another one. Throws what the document says wrong. */
async function openCosigns(document: Uint8Array, password: string): Promise<Buffer | undefined> {
  const value = parseJson(document, "its contents", document.length);
  const kdf = value.field("kdf");
  expectName(kdf.field("name"), "scrypt");
  const cipher = value.field("cipher");
  expectName(cipher.field("name"), "nacl/secretbox");
  const params = kdf.field("params");
  const [N, r, p] = [params.field("N").count(), params.field("r").count(), params.field("p").count()];
  const memory = 128 * r * (N + p);
  if (memory > SCRYPT_LIMIT) {
    throw params.error("E_UNSUPPORTED", `${memory} bytes of memory are more than a password may take`);
  }
  const sealed = bytesOf(value.field("ciphertext"));
  if (sealed.length > CIPHER_LIMIT) throw value.error("E_UNSUPPORTED", "more is encrypted than a key");
  const options = { N, r, p, maxmem: 2 * SCRYPT_LIMIT };
  const salt = bytesOf(kdf.field("salt"));
  const derived = await new Promise<Buffer>((resolve, reject) => {
    // For none, Node says null and Bun nothing.
    scrypt(password, salt, KEY_BYTES, options, (error, key) => (error ? reject(error) : resolve(key)));
  });
  return openSecretbox(sealed, bytesOf(cipher.field("nonce")), derived);
}

function expectName(value: JsonValue, known: string): void {
  if (value.string() !== known) throw value.error("E_UNSUPPORTED", `expected ${known}`);
}

function bytesOf(value: JsonValue): Buffer {
  return Buffer.from(value.string(), "base64");
}

/**
 * The files that keep credentials: Docker's config.json (docker/cli, cli/config) and Podman's auth.json
 * (containers-auth.json(5)), which share one form. Nothing of their contents may come into a message.
 */
import { readFile } from "node:fs/promises";
import { Docker2vmError, isAbsence } from "../errors.ts";
import { whyUnreadable } from "../system-errors.ts";
import type { Credentials } from "./credential.ts";

const FILE_LIMIT = 4 << 20;

type Fields = Readonly<Record<string, unknown>>;

export class AuthFile {
  readonly #fields: Fields;

  private constructor(fields: Fields) {
    this.#fields = fields;
  }

  /** `where` names the text in messages. Throws E_USAGE if it is not a JSON object. */
  static parse(text: string, where: string): AuthFile {
    try {
      const value: unknown = text.length > FILE_LIMIT ? undefined : JSON.parse(text);
      if (isFields(value)) return new AuthFile(value);
    } catch {
      // The parser's own message would quote the text.
    }
    throw new Docker2vmError("E_USAGE", `${where} holds no credentials: it is not a JSON object`, {
      hint: 'write {"auths": {"REGISTRY": {"auth": "…"}}}, or log in with docker or podman to have it written',
    });
  }

  /** A file the user named. Throws E_USAGE if it cannot be read. */
  static async readNamed(path: string): Promise<AuthFile> {
    const file = await AuthFile.readIfThere(path);
    if (file !== undefined) return file;
    throw new Docker2vmError("E_USAGE", `${path}: there is no such file`, {
      hint: "REGISTRY_AUTH_FILE names the file that holds the credentials",
    });
  }

  /** Undefined if there is none. Throws E_USAGE if there is one that cannot be read. */
  static async readIfThere(path: string): Promise<AuthFile | undefined> {
    try {
      return AuthFile.parse(await readFile(path, "utf8"), path);
    } catch (error) {
      if (error instanceof Docker2vmError) throw error;
      if (isAbsence(error)) return undefined;
      throw new Docker2vmError("E_USAGE", `${path}: ${whyUnreadable(error)}`, {
        hint: "let this user read it, or name another file with REGISTRY_AUTH_FILE, another folder with DOCKER_CONFIG",
        cause: error,
      });
    }
  }

  /** Names of the credential helpers to ask: the one for a registry alone, then the one for all. */
  helpers(keys: readonly string[]): readonly string[] {
    const own = fieldsOf(this.#fields["credHelpers"]);
    const special = keys.map((key) => textOf(own, key)).filter((name) => name !== "");
    const common = textOf(this.#fields, "credsStore");
    return [...new Set([...special, ...(common === "" ? [] : [common])])];
  }

  /** What is written under the most specific key: a path of the repository or the registry itself. */
  entry(hosts: readonly string[], repository: string): Credentials | undefined {
    const auths = fieldsOf(this.#fields["auths"]);
    const byKey = new Map(Object.entries(auths).map(([key, value]) => [normaliseKey(key), fieldsOf(value)]));
    const parts = repository.split("/");
    for (let length = parts.length; length >= 0; length--) {
      for (const host of hosts) {
        const found = byKey.get([host, ...parts.slice(0, length)].join("/"));
        const credentials = found === undefined ? undefined : readEntry(found);
        if (credentials !== undefined) return credentials;
      }
    }
    return undefined;
  }
}

/** Docker writes `https://HOST/v1/` for some, Podman `HOST/PATH`. */
function normaliseKey(key: string): string {
  return key
    .replace(/^https?:\/\//, "")
    .replace(/\/+$/, "")
    .replace(/\/v[12]$/, "");
}

function readEntry(entry: Fields): Credentials | undefined {
  const registryToken = textOf(entry, "registrytoken");
  if (registryToken !== "") return { kind: "registry-token", token: registryToken };
  const auth = Buffer.from(textOf(entry, "auth"), "base64").toString("utf8");
  // Only the first colon divides: a password may have more.
  const colon = auth.indexOf(":");
  const username = colon === -1 ? textOf(entry, "username") : auth.slice(0, colon);
  // Docker has written passwords with padding of NULs.
  const password = colon === -1 ? textOf(entry, "password") : auth.slice(colon + 1).replace(/\0+$/, "");
  const token = textOf(entry, "identitytoken");
  if (token !== "") return { kind: "identity-token", username, token };
  return username === "" ? undefined : { kind: "password", username, password };
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}

function textOf(fields: Fields, name: string): string {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  return typeof value === "string" ? value : "";
}

import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { json, sha256 } from "./layout-builder.ts";

/** A request as it arrived. */
export interface Seen {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly authorization: string | undefined;
  readonly range: string | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  /** The same, as it came. */
  readonly bytes: Uint8Array;
}

/** Takes over a request by returning true. */
export type Rule = (seen: Seen, response: ServerResponse) => boolean | Promise<boolean>;

interface Content {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

/**
 * A registry on the loopback interface that behaves, except where a test's rules say otherwise: they come first, the
 * last added before the others.
 */
export class ScriptedRegistry {
  readonly seen: Seen[] = [];
  readonly manifests = new Map<string, Content>();
  readonly blobs = new Map<string, Uint8Array>();
  readonly #server: Server;
  readonly #rules: Rule[] = [];

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(): Promise<ScriptedRegistry> {
    const registry = new ScriptedRegistry();
    await new Promise<void>((resolve) => registry.#server.listen(0, "127.0.0.1", resolve));
    return registry;
  }

  /** "127.0.0.1:PORT" */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  rule(rule: Rule): void {
    this.#rules.unshift(rule);
  }

  /** Requests for paths that hold the text. */
  seenOf(part: string): readonly Seen[] {
    return this.seen.filter(({ url }) => url.includes(part));
  }

  /** Adds everything of a layout; its images become the tag "latest", or several an index of that tag. */
  addLayout(folder: string, tag = "latest"): void {
    const index = JSON.parse(readFileSync(join(folder, "index.json"), "utf8"));
    const children = index.manifests as { digest: string; mediaType: string }[];
    for (const child of children) this.#addManifest(folder, child.digest, child.mediaType);
    const [only] = children;
    if (children.length === 1 && only !== undefined) {
      const content = this.manifests.get(only.digest);
      if (content !== undefined) this.manifests.set(tag, content);
    } else {
      this.putManifest(json({ schemaVersion: 2, manifests: children }), index.mediaType, tag);
    }
  }

  putManifest(bytes: Uint8Array, mediaType: string, tag?: string): string {
    const digest = sha256(bytes);
    for (const reference of tag === undefined ? [digest] : [digest, tag]) {
      this.manifests.set(reference, { bytes, mediaType });
    }
    return digest;
  }

  putBlob(bytes: Uint8Array): { digest: string; size: number } {
    const digest = sha256(bytes);
    this.blobs.set(digest, bytes);
    return { digest, size: bytes.length };
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #addManifest(folder: string, digest: string, mediaType: string): void {
    const read = (of: string) => readFileSync(join(folder, "blobs", of.replace(":", "/")));
    const bytes = read(digest);
    this.manifests.set(digest, { bytes, mediaType });
    const { config, layers, manifests } = JSON.parse(bytes.toString("utf8"));
    for (const child of manifests ?? []) this.#addManifest(folder, child.digest, child.mediaType);
    for (const blob of [config, ...(layers ?? [])]) if (blob) this.blobs.set(blob.digest, read(blob.digest));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on("error", () => undefined);
    const { method = "", url = "", headers } = request;
    const chunks: Uint8Array[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Uint8Array);
    } catch {
      // Whoever asked is gone.
      return;
    }
    const bytes = Buffer.concat(chunks);
    const seen: Seen = {
      method,
      url,
      headers,
      authorization: headers.authorization,
      range: headers.range,
      body: bytes.toString("utf8"),
      bytes,
    };
    this.seen.push(seen);
    for (const rule of this.#rules) if (await rule(seen, response)) return;
    this.#behave(seen, response);
  }

  #behave({ method, url, range }: Seen, response: ServerResponse): void {
    const [, kind, reference = ""] = /\/v2\/.+\/(manifests|blobs)\/([^?]+)/.exec(url) ?? [];
    const manifest = kind === "manifests" ? this.manifests.get(reference) : undefined;
    const blob = kind === "blobs" ? this.blobs.get(reference) : undefined;
    if (manifest !== undefined) {
      response.setHeader("content-type", manifest.mediaType);
      response.setHeader("docker-content-digest", sha256(manifest.bytes));
      sendWhole(response, manifest.bytes, method);
    } else if (blob !== undefined) sendBlob(response, blob, range);
    else sendStatus(response, 404, {}, "MANIFEST_UNKNOWN", "not here");
  }
}

export function sendWhole(response: ServerResponse, bytes: Uint8Array, method = "GET"): void {
  response.setHeader("content-length", bytes.length);
  response.end(method === "HEAD" ? undefined : bytes);
}

/** All of a blob, or the rest that a Range asks for. */
export function sendBlob(response: ServerResponse, blob: Uint8Array, range?: string): void {
  const start = Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
  if (start > 0) {
    response.statusCode = 206;
    response.setHeader("content-range", `bytes ${start}-${blob.length - 1}/${blob.length}`);
  }
  sendWhole(response, blob.subarray(start));
}

/** So many bytes of a body that promises more, then the end of the connection. */
export function sendBroken(response: ServerResponse, bytes: Uint8Array, upTo: number): void {
  response.setHeader("content-length", bytes.length);
  response.write(bytes.subarray(0, upTo), () => response.socket?.destroy());
}

/** A status with the distribution spec's error body. True, for a rule to return. */
export function sendStatus(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>> = {},
  code = "",
  message = "",
): true {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify({ errors: code === "" ? [] : [{ code, message }] }));
  return true;
}

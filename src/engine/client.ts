/** The Docker Engine's API, as far as images leave it: docs.docker.com/reference/api/engine. Podman's service speaks it as well. */
import { Docker2vmError, reasonOf, systemErrorCode } from "../errors.ts";
import { readBody, readErrorText } from "../http/body.ts";
import { HttpClient, type HttpResponse } from "../http/client.ts";
import { header } from "../http/headers.ts";
import type { Environment } from "../http/proxy.ts";
import type { Timeouts } from "../http/timeouts.ts";
import { JsonValue, parseJson } from "../oci/json.ts";
import { type Platform, readPlatform, type StatedPlatform } from "../oci/platform.ts";
import { quote } from "../oci/quote.ts";
import type { EngineEndpoint } from "./endpoint.ts";

/** The newest version that what is asked here is known of. */
const NEWEST: ApiVersion = [1, 48];
/** Where an engine does not tell its version: the oldest that all engines of today take. */
const OLDEST: ApiVersion = [1, 24];
/** From this one on an engine may have an image for several platforms: Docker 25. */
const WITH_PLATFORMS: ApiVersion = [1, 44];
/** From this one on it says of which image it may, and one of them can be asked for. */
const WITH_PLATFORM: ApiVersion = [1, 48];

/** Old engines write all of an image to their own disk before its first byte comes. A signal ends any wait. */
const TIMEOUTS: Partial<Timeouts> = { headers: 3_600_000, body: 3_600_000, leastBytes: 0 };
const ANSWER_LIMIT = 8 << 20;
const ERROR_LIMIT = 64 << 10;
const PIPE_HINT = "docker save IMAGE | docker2vm convert - takes one past the engine's socket";

type ApiVersion = readonly [major: number, minor: number];

export interface EngineOptions {
  /** Where proxies are named, for an engine that is not behind a unix socket. */
  readonly environment: Environment;
  readonly signal?: AbortSignal | undefined;
}

/** An image as the engine knows it. */
export interface EngineImage {
  /** What the engine alone calls it: a digest. */
  readonly id: string;
  /** Where it is known that there is no other. */
  readonly platform: StatedPlatform | undefined;
}

/** One engine. Every method throws E_NETWORK and E_DENIED where it cannot be spoken to, and the signal's reason. */
export class EngineClient {
  readonly #http: HttpClient;
  readonly #endpoint: EngineEndpoint;
  readonly #signal: AbortSignal | undefined;
  #version: ApiVersion | undefined;

  constructor(endpoint: EngineEndpoint, { environment, signal }: EngineOptions) {
    const { socketPath, tls, url } = endpoint;
    this.#endpoint = endpoint;
    this.#signal = signal;
    this.#http = new HttpClient({
      environment,
      timeouts: TIMEOUTS,
      socketPath,
      ca: tls?.ca,
      // As Docker's client has it: an engine's authority is its owner's, and nobody else's.
      isCaAlone: true,
      identity: tls?.identity,
      trustedHosts: [url.host],
    });
  }

  /** The image of a name or an ID; undefined if the engine has none. */
  async image(name: string): Promise<EngineImage | undefined> {
    const response = await this.#get(`/images/${pathOf(name)}/json`);
    if (response.status === 404) {
      response.body.discard();
      return undefined;
    }
    const answer = await this.#answer(response);
    const id = answer.field("Id").string();
    return { id, platform: this.#isOne(answer) ? statedPlatform(answer) : undefined };
  }

  /**
   * An archive of the image, as `docker save` writes it, in which the platform is if the engine can choose one, or else
   * all that it has.
   */
  async save({ id }: EngineImage, platform: Platform | undefined): Promise<AsyncIterable<Uint8Array>> {
    const path = `/images/${pathOf(id)}/get`;
    if (platform !== undefined && isAtLeast(await this.#apiVersion(), WITH_PLATFORM)) {
      const { os, architecture, variant } = platform;
      const query = new URLSearchParams({ platform: JSON.stringify({ os, architecture, variant }) });
      const response = await this.#get(`${path}?${query}`);
      if (response.status === 200) return this.#whole(response);
      // What is there then, and is not for the platform, the archive tells better than a status.
      response.body.discard();
    }
    const response = await this.#get(path);
    if (response.status !== 200) throw await this.#failure(response);
    return this.#whole(response);
  }

  /** Ends every connection. */
  async close(): Promise<void> {
    await this.#http.close();
  }

  #isOne(answer: JsonValue): boolean {
    const version = this.#version ?? OLDEST;
    if (!isAtLeast(version, WITH_PLATFORMS)) return true;
    return isAtLeast(version, WITH_PLATFORM) && answer.field("Descriptor").missing;
  }

  async #get(path: string): Promise<HttpResponse> {
    const [major, minor] = await this.#apiVersion();
    return this.#exchange(`/v${major}.${minor}${path}`);
  }

  /** The newest that both sides know. An engine refuses versions that it does not know yet, or no more. */
  async #apiVersion(): Promise<ApiVersion> {
    if (this.#version !== undefined) return this.#version;
    const response = await this.#exchange("/_ping");
    if (response.status !== 200) throw await this.#failure(response);
    response.body.discard();
    const [, major, minor] =
      /^(\d{1,3})\.(\d{1,4})$/.exec(header(response.headers, "api-version") ?? "") ?? [];
    const own: ApiVersion = major === undefined ? OLDEST : [Number(major), Number(minor)];
    this.#version = isAtLeast(own, NEWEST) ? NEWEST : own;
    return this.#version;
  }

  async #exchange(path: string): Promise<HttpResponse> {
    try {
      const { url: base } = this.#endpoint;
      const url = new URL(`${base.pathname.replace(/\/$/, "")}${path}`, base);
      return await this.#http.exchange({ method: "GET", url, signal: this.#signal });
    } catch (error) {
      throw this.#unreachable(error);
    }
  }

  async *#whole({ body }: HttpResponse): AsyncGenerator<Uint8Array> {
    try {
      yield* body;
    } catch (error) {
      throw this.#unreachable(error);
    }
  }

  async #answer(response: HttpResponse): Promise<JsonValue> {
    if (response.status !== 200) throw await this.#failure(response);
    return parseJson(await readBody(response, ANSWER_LIMIT), this.#endpoint.name, ANSWER_LIMIT);
  }

  async #failure(response: HttpResponse): Promise<Docker2vmError> {
    const text = (await readErrorText(response, ERROR_LIMIT)).trim();
    const said = text === "" ? "" : `: ${quote(messageIn(text))}`;
    return new Docker2vmError(
      "E_NETWORK",
      `the Docker engine at ${this.#endpoint.name} answered ${response.status}${said}`,
      { hint: `is it a Docker engine that listens there? ${PIPE_HINT}` },
    );
  }

  #unreachable(error: unknown): unknown {
    if (!(error instanceof Docker2vmError) || error.code !== "E_NETWORK") return error;
    const { name, socketPath } = this.#endpoint;
    const code = systemErrorCode(error.cause);
    const unreached = UNREACHED[code ?? ""];
    if (socketPath === undefined || unreached === undefined) {
      return new Docker2vmError(
        "E_NETWORK",
        `the Docker engine at ${name} cannot be asked: ${reasonOf(error)}`,
        {
          hint: `check DOCKER_HOST, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH, or the Docker context; ${PIPE_HINT}`,
          cause: error,
        },
      );
    }
    const { why, hint } = unreached;
    const denied = code === "EACCES" || code === "EPERM";
    return new Docker2vmError(denied ? "E_DENIED" : "E_NETWORK", `the Docker engine at ${name}: ${why}`, {
      hint,
      cause: error,
    });
  }
}

const FORBIDDEN = {
  why: "this user may not use its socket",
  hint: "Docker's socket is for root and the group docker: be one of them (sudo usermod -aG docker USER, then log in anew)",
};
const UNREACHED: Readonly<Record<string, { readonly why: string; readonly hint: string }>> = {
  EACCES: FORBIDDEN,
  EPERM: FORBIDDEN,
  ENOENT: {
    why: "there is no such socket",
    hint: "start the engine, or name its socket: DOCKER_HOST=unix:///PATH (Podman's is /run/podman/podman.sock)",
  },
  ENOTDIR: { why: "there is no such socket", hint: "name the engine's socket: DOCKER_HOST=unix:///PATH" },
  ECONNREFUSED: {
    why: "nobody listens there",
    hint: "the engine has ended and left its socket behind: start it (systemctl start docker)",
  },
};

/** The engine's fields are those of a config, in capitals. */
function statedPlatform(answer: JsonValue): StatedPlatform {
  const [os, architecture, variant] = ["Os", "Architecture", "Variant"].map((name) =>
    answer.field(name).optionalString(),
  );
  return readPlatform(new JsonValue(answer.where, "", { os, architecture, variant }));
}

function messageIn(text: string): string {
  try {
    const said: unknown = JSON.parse(text);
    if (typeof said === "object" && said !== null && "message" in said) return String(said.message);
  } catch {
    // It is no JSON: then the text itself is all that is said.
  }
  return text;
}

/** Slashes stay; whatever else could end a path does not. */
function pathOf(name: string): string {
  return encodeURIComponent(name).replaceAll("%2F", "/").replaceAll("%3A", ":").replaceAll("%40", "@");
}

function isAtLeast([major, minor]: ApiVersion, [otherMajor, otherMinor]: ApiVersion): boolean {
  return major > otherMajor || (major === otherMajor && minor >= otherMinor);
}

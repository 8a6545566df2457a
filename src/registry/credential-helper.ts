/** Credential helpers: programs that speak docker-credential-helpers' protocol. */
import { spawn } from "node:child_process";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";
import { Docker2vmError } from "../errors.ts";
import type { Environment } from "../http/proxy.ts";
import { quote } from "../oci/quote.ts";
import type { Credentials } from "./credential.ts";

const OUTPUT_LIMIT = 1 << 20;
const TIMEOUT_MS = 60_000;
/** What a helper gives as the user name when the secret is an identity token. */
const TOKEN_USER = "<token>";

/**
 * Asks `docker-credential-NAME` for a server's credentials; undefined where it has none. The program is looked for in
 * the absolute folders of PATH only, never where this program happens to stand.
 * Throws E_USAGE if it is not there or fails; what it printed is not shown.
 */
export async function readHelper(
  name: string,
  server: string,
  environment: Environment,
  signal?: AbortSignal,
): Promise<Credentials | undefined> {
  const program = await findHelper(name, environment);
  const { status, output } = await ask(program, server, environment, signal);
  if (status !== 0) {
    if (/credentials not found|no credentials/i.test(output)) return undefined;
    throw broken(program, `ended with status ${status}`);
  }
  return readAnswer(program, output);
}

function readAnswer(program: string, output: string): Credentials | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(output);
  } catch {
    // The parser's own message would quote the answer.
  }
  if (typeof answer === "object" && answer !== null && "Username" in answer && "Secret" in answer) {
    const { Username: username, Secret: secret } = answer;
    if (typeof username === "string" && typeof secret === "string") {
      if (username === TOKEN_USER) return { kind: "identity-token", username, token: secret };
      return username === "" ? undefined : { kind: "password", username, password: secret };
    }
  }
  throw broken(program, "answered with something else than credentials");
}

async function findHelper(name: string, environment: Environment): Promise<string> {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) {
    for (const folder of (environment["PATH"] ?? "").split(delimiter).filter(isAbsolute)) {
      const path = join(folder, `docker-credential-${name}`);
      if (await isExecutable(path)) return path;
    }
  }
  throw new Docker2vmError(
    "E_USAGE",
    `the credential helper ${quote(`docker-credential-${name}`)} is not there`,
    {
      hint: "install it, or take its name out of credHelpers and credsStore in Docker's config.json",
    },
  );
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

function ask(
  program: string,
  server: string,
  environment: Environment,
  signal: AbortSignal | undefined,
): Promise<{ status: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ["get"], {
      env: { ...environment },
      stdio: ["pipe", "pipe", "ignore"],
      timeout: TIMEOUT_MS,
      ...(signal === undefined ? {} : { signal }),
    });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (output.length > OUTPUT_LIMIT) child.kill("SIGKILL");
    });
    child.on("error", (error) => {
      const reason = "code" in error ? String(error.code) : error.name;
      reject(signal?.aborted ? signal.reason : broken(program, `cannot be run: ${reason}`));
    });
    child.on("close", (status) => resolve({ status, output }));
    // A helper that does not read its input must not bring this program down.
    child.stdin.on("error", () => undefined).end(server);
  });
}

function broken(program: string, how: string): Docker2vmError {
  return new Docker2vmError("E_USAGE", `the credential helper ${program} ${how}`, {
    hint: "try docker login for this registry again",
  });
}

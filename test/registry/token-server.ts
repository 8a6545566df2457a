import { expect } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { json } from "../support/layout-builder.ts";
import { type Seen, sendStatus } from "../support/scripted-registry.ts";
import { NAME, type Scene } from "./support.ts";

export const SCOPE = `repository:${NAME}:pull`;
export const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

export interface TokenServer {
  /** Tokens given out, the last of them good. */
  readonly tokens: string[];
  /** What each request for a token held. */
  readonly asked: Seen[];
  /** Takes the right from the tokens given so far. */
  expire(): void;
}

/** Has the registry ask for a token of `/token` on itself, or of another realm. */
export function demandToken(
  { registry }: Pick<Scene, "registry">,
  answer: (seen: Seen, count: number) => unknown = (_, count) => ({ token: `secret-token-${count}` }),
  realm = `http://${registry.host}/token?account=x`,
): TokenServer {
  const tokens: string[] = [];
  const asked: Seen[] = [];
  let good = "";
  registry.rule((seen, response) => {
    if (seen.url.startsWith("/token")) {
      asked.push(seen);
      const given = answer(seen, asked.length);
      if (typeof given === "number") return sendStatus(response, given);
      const { token, access_token } = given as { token?: string; access_token?: string };
      good = token ?? access_token ?? "";
      tokens.push(good);
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(given));
      return true;
    }
    if (good !== "" && seen.authorization === `Bearer ${good}`) return false;
    const challenge = `Bearer realm="${realm}",service="the \\"registry\\"",scope="${SCOPE}"`;
    return sendStatus(response, 401, { "www-authenticate": challenge });
  });
  return {
    tokens,
    asked,
    expire: () => {
      good = "expired";
    },
  };
}

export const queryOf = (seen: Seen | undefined) => [
  ...new URL(seen?.url ?? "", "http://x").searchParams.entries(),
];

export function writeDockerConfig({ options }: Pick<Scene, "options">, config: unknown): void {
  const folder = join(options.environment["HOME"] ?? "", ".docker");
  mkdirSync(folder);
  writeFileSync(join(folder, "config.json"), json(config));
}

/** Nothing the user is shown may hold any of the texts. */
export function expectUnsaid({ events }: Pick<Scene, "events">, error: unknown, ...secrets: string[]): void {
  const shown = Bun.inspect([events, error], { depth: 10 }) + JSON.stringify(error);
  for (const secret of secrets) expect(shown).not.toContain(secret);
}

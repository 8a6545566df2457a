import { describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RegistryOptions } from "../../src/source/registry-options.ts";
import { expectError } from "../support/expect-error.ts";
import { json } from "../support/layout-builder.ts";
import { ScriptedRegistry, type Seen, sendStatus } from "../support/scripted-registry.ts";
import { NAME, type Scene, withScene } from "./support.ts";
import { basic, demandToken, writeDockerConfig } from "./token-server.ts";

describe("a registry that wants", () => {
  const demandBasic = ({ registry }: Scene) =>
    registry.rule(({ authorization }, response) =>
      authorization === basic("me", "pw")
        ? false
        : sendStatus(response, 401, { "www-authenticate": 'Basic realm="x"' }),
    );

  test("Basic gets user and password", () =>
    withScene(async (scene) => {
      demandBasic(scene);
      expect(await scene.pull({ credentials: { username: "me", password: "pw" } })).toHaveLength(2);
    }));

  test("Basic and gets nobody is told to the user", () =>
    withScene(async (scene) => {
      demandBasic(scene);
      await expectError(
        scene.pull(),
        "E_DENIED",
        scene.registry.host,
        "user name and a password",
        "docker login",
      );
    }));

  test("either gets a token, whatever the order and however many headers", () =>
    withScene(async (scene) => {
      const { registry } = scene;
      registry.rule((seen, response) => {
        if (seen.url === "/token?scope=repository%3Ateam%2Fapp%3Apull") {
          response.end(JSON.stringify({ token: "t" }));
          return true;
        }
        if (seen.authorization === "Bearer t") return false;
        response.setHeader("www-authenticate", [
          "Negotiate",
          `Basic realm="a, b", Bearer realm="http://${registry.host}/token"`,
        ]);
        return sendStatus(response, 401);
      });
      expect(await scene.pull()).toHaveLength(2);
    }));

  test("a token but says where to get it only at /v2/ is asked there", () =>
    withScene(async (scene) => {
      const server = demandToken(scene);
      scene.registry.rule(({ url, authorization }, response) =>
        url.includes("/manifests/") && authorization === undefined ? sendStatus(response, 401) : false,
      );
      expect(await scene.pull()).toHaveLength(2);
      expect(server.asked).toHaveLength(1);
      expect(scene.registry.seen.map(({ url }) => url)).toContain("/v2/");
    }));

  test("something this program cannot do is reported as a refusal", () =>
    withScene(async (scene) => {
      scene.registry.rule((_, response) => sendStatus(response, 401, { "www-authenticate": "Negotiate" }));
      await expectError(scene.pull(), "E_DENIED", "401");
    }));
});

describe("a realm", () => {
  const secrets: Partial<RegistryOptions> = { credentials: { username: "me", password: "pw" } };

  const refusals: readonly (readonly [string, string, string])[] = [
    ["of plain http elsewhere", "http://example.com/token", "not https"],
    ["in the link-local network", "http://169.254.169.254/latest", "not https"],
    ["in the link-local network over https", "https://169.254.169.254/latest", "private network"],
    ["in IPv6 disguise", "https://[::ffff:169.254.169.254]/latest", "private network"],
    ["of another scheme", "file:///etc/passwd", "not an http address"],
    ["that is no URL", "token", "not an http address"],
  ];
  for (const [what, realm, why] of refusals) {
    test(`${what} gets nothing`, () =>
      withScene(async (scene) => {
        demandToken(scene, undefined, realm);
        await expectError(scene.pull(secrets), "E_DENIED", "token server", why);
      }));
  }

  test("of another origin on this machine is fine for a registry on this machine", () =>
    withScene(async (scene) => {
      const other = await ScriptedRegistry.start();
      try {
        let asked: Seen | undefined;
        other.rule((seen, response) => {
          asked = seen;
          response.end(JSON.stringify({ token: "t" }));
          return true;
        });
        const realm = `http://localhost:${other.host.split(":")[1]}/token`;
        scene.registry.rule(({ authorization }, response) =>
          authorization === "Bearer t"
            ? false
            : sendStatus(response, 401, { "www-authenticate": `Bearer realm="${realm}"` }),
        );
        await scene.pull(secrets);
        expect(asked?.authorization).toBe(basic("me", "pw"));
      } finally {
        other.close();
      }
    }));

  test("that redirects elsewhere takes no credentials along", () =>
    withScene(async (scene) => {
      const server = demandToken(scene);
      const elsewhere = `http://localhost:${scene.registry.host.split(":")[1]}/token?here`;
      scene.registry.rule(({ url }, response) =>
        url.startsWith("/token?account") ? sendStatus(response, 302, { location: elsewhere }) : false,
      );
      await scene.pull(secrets);
      expect(server.asked.map(({ authorization }) => authorization)).toEqual([undefined]);
    }));
});

describe("a registry that is not in the private network", () => {
  const NAMED = `registry.example/${NAME}`;
  /** Through a proxy a name counts as public; the scene's registry is both the proxy and what is behind it. */
  const pullFromOutside = ({ registry, options, pull }: Scene, more: Partial<RegistryOptions> = {}) => {
    const environment = { ...options.environment, HTTP_PROXY: `http://${registry.host}` };
    return pull({ environment, insecureHosts: ["registry.example"], ...more }, NAMED);
  };
  const inside = (host: string): readonly string[] => {
    const [, port] = host.split(":");
    return [
      `127.0.0.1:${port}`,
      `localhost:${port}`,
      `2130706433:${port}`,
      `[::ffff:127.0.0.1]:${port}`,
      `[64:ff9b::7f00:1]:${port}`,
      `[2002:7f00:1::]:${port}`,
      "10.0.0.1",
      "[fd00::1]",
      "169.254.169.254",
    ];
  };

  test("is pulled from", () =>
    withScene(async (scene) => {
      expect(await pullFromOutside(scene)).toHaveLength(2);
      expect(scene.registry.seenOf(`http://${NAMED.split("/")[0]}/v2/`).length).toBeGreaterThan(0);
    }));

  test("may not redirect into it, whatever it asks for and however the address is written", () =>
    withScene(async (scene) => {
      const away = await ScriptedRegistry.start();
      away.addLayout(join(scene.folder, "layout"));
      try {
        for (const part of ["/manifests/", "/blobs/"]) {
          for (const host of inside(away.host)) {
            scene.registry.rule(({ url }, response) =>
              url.includes(part)
                ? sendStatus(response, 307, { location: `http://${host}/v2/x${part}1` })
                : false,
            );
            await expectError(pullFromOutside(scene), "E_DENIED", "private network", "--trust-auth-realm");
          }
          scene.registry.rule(() => false);
        }
        expect(away.seen).toEqual([]);
      } finally {
        away.close();
      }
    }));

  test("may redirect into it where the host is trusted", () =>
    withScene(async (scene) => {
      const away = await ScriptedRegistry.start();
      away.addLayout(join(scene.folder, "layout"));
      try {
        scene.registry.rule(({ url }, response) =>
          url.includes("registry.example")
            ? sendStatus(response, 307, { location: url.replace("registry.example", away.host) })
            : false,
        );
        expect(await pullFromOutside(scene, { trustedRealms: [away.host] })).toHaveLength(2);
        expect(away.seen.length).toBeGreaterThan(0);
      } finally {
        away.close();
      }
    }));

  test("may not name a token server in it, however its address is written", () =>
    withScene(async (scene) => {
      const credentials = { username: "me", password: "pw" };
      for (const host of inside(scene.registry.host)) {
        const before = scene.registry.seenOf("/token").length;
        demandToken(scene, undefined, `http://${host}/token`);
        // Plain http is one reason, the address the other.
        const insecureHosts = ["registry.example", new URL(`http://${host}`).host];
        const pulling = pullFromOutside(scene, { credentials, insecureHosts });
        await expectError(pulling, "E_DENIED", "private network", "--trust-auth-realm");
        expect(scene.registry.seenOf("/token")).toHaveLength(before);
      }
    }));

  test("may not have its token server redirect into it", () =>
    withScene(async (scene) => {
      demandToken(scene, undefined, "http://registry.example/token");
      scene.registry.rule(({ url }, response) =>
        url.startsWith("http://registry.example/token")
          ? sendStatus(response, 302, { location: `http://${scene.registry.host}/token` })
          : false,
      );
      await expectError(pullFromOutside(scene), "E_DENIED", "private network");
    }));

  test("may not have a layer fetched from it", () =>
    withScene(async (scene) => {
      const { registry, built } = scene;
      const stored = registry.manifests.get("latest");
      const manifest = JSON.parse(Buffer.from(stored?.bytes ?? []).toString());
      for (const layer of manifest.layers)
        layer.urls = ["https://127.0.0.1:1/layer", "https://[::7f00:1]:1/"];
      registry.putManifest(json(manifest), stored?.mediaType ?? "", "latest");
      registry.blobs.delete(built.layers[0]?.digest ?? "");
      const pulling = pullFromOutside(scene, { allowForeign: true });
      await expectError(pulling, "E_DENIED", "private network");
    }));
});

describe("credentials", () => {
  test("stay behind when a redirect leaves the origin, and do not come back when it returns", () =>
    withScene(async (scene) => {
      const { registry, built } = scene;
      demandToken(scene);
      const away = await ScriptedRegistry.start();
      const digest = built.layers[0]?.digest ?? "";
      try {
        registry.rule(({ url }, response) => {
          if (url.includes(digest)) return sendStatus(response, 307, { location: `http://${away.host}/one` });
          if (!url.startsWith("/back")) return false;
          response.end(registry.blobs.get(digest));
          return true;
        });
        away.rule((_, response) => sendStatus(response, 302, { location: `http://${registry.host}/back` }));
        expect(await scene.pull({ concurrency: 1 })).toHaveLength(2);
        expect(away.seen.map(({ authorization }) => authorization)).toEqual([undefined]);
        expect(registry.seenOf("/back").map(({ authorization }) => authorization)).toEqual([undefined]);
      } finally {
        away.close();
      }
    }));

  test("go along when a redirect stays at the origin", () =>
    withScene(async (scene) => {
      const { registry, built } = scene;
      demandToken(scene);
      const digest = built.layers[0]?.digest ?? "";
      registry.rule(
        ({ url }, response) =>
          url.includes(digest) &&
          !url.startsWith("/else") &&
          sendStatus(response, 307, { location: `/else/v2/x/blobs/${digest}` }),
      );
      expect(await scene.pull()).toHaveLength(2);
      expect(registry.seenOf("/else").map(({ authorization }) => authorization)).toEqual([
        "Bearer secret-token-1",
      ]);
    }));

  test("of a helper are asked for by the registry's name", () =>
    withScene(async (scene) => {
      const { host } = scene.registry;
      const bin = join(scene.folder, "bin");
      mkdirSync(bin);
      const helper = join(bin, "docker-credential-test");
      writeFileSync(
        helper,
        `#!/bin/sh\nread server; echo "$1 $server" >> ${scene.folder}/asked\necho '{"ServerURL":"x","Username":"<token>","Secret":"helped"}'\n`,
      );
      chmodSync(helper, 0o755);
      writeDockerConfig(scene, { credHelpers: { [host]: "test" }, auths: { [host]: { auth: "bm86bm8=" } } });
      const server = demandToken(scene);
      await scene.pull({ environment: { ...scene.options.environment, PATH: `${bin}:/usr/bin:/bin` } });
      expect(new URLSearchParams(server.asked[0]?.body).get("refresh_token")).toBe("helped");
      expect(await Bun.file(join(scene.folder, "asked")).text()).toBe(`get ${host}\n`);
    }));
});

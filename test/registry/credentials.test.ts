import { describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { findCredentials } from "../../src/registry/credentials.ts";
import { expectError } from "../support/expect-error.ts";

const auth = (user: string, password: string) => ({
  auth: Buffer.from(`${user}:${password}`).toString("base64"),
});
const password = (username: string, secret: string) => ({
  kind: "password" as const,
  username,
  password: secret,
});

interface Home {
  readonly folder: string;
  write(path: string, config: unknown): string;
  /** A credential helper in `bin`. */
  helper(name: string, script: string): void;
  find(
    host: string,
    repository?: string,
    environment?: Record<string, string>,
  ): ReturnType<typeof findCredentials>;
}

function inHome(use: (home: Home) => Promise<void>): () => Promise<void> {
  return async () => {
    const folder = mkdtempSync(join(tmpdir(), "docker2vm-home-"));
    const bin = join(folder, "bin");
    mkdirSync(bin);
    const home: Home = {
      folder,
      write: (path, config) => {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), typeof config === "string" ? config : JSON.stringify(config));
        return join(folder, path);
      },
      helper: (name, script) => {
        writeFileSync(join(bin, `docker-credential-${name}`), `#!/bin/sh\n${script}\n`);
        chmodSync(join(bin, `docker-credential-${name}`), 0o755);
      },
      find: (host, repository = "a/b", environment = {}) =>
        findCredentials(host, repository, { HOME: folder, PATH: `${bin}:/usr/bin:/bin`, ...environment }),
    };
    try {
      await use(home);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
}

const DOCKER = ".docker/config.json";

describe("credentials are found", () => {
  test(
    "nowhere where there are none",
    inHome(async ({ find }) => {
      expect(await find("r.io")).toBeUndefined();
    }),
  );

  test(
    "in Docker's config.json, a password with its colons",
    inHome(async ({ write, find }) => {
      write(DOCKER, { auths: { "r.io": auth("u", "p:w:") } });
      expect(await find("r.io")).toEqual(password("u", "p:w:"));
    }),
  );

  test(
    "where DOCKER_CONFIG, XDG_RUNTIME_DIR or XDG_CONFIG_HOME say",
    inHome(async ({ write, find, folder }) => {
      write("dc/config.json", { auths: { "a.io": auth("1", "x") } });
      write("run/containers/auth.json", { auths: { "b.io": auth("2", "x") } });
      write("conf/containers/auth.json", { auths: { "c.io": auth("3", "x") } });
      const environment = {
        DOCKER_CONFIG: `${folder}/dc`,
        XDG_RUNTIME_DIR: `${folder}/run`,
        XDG_CONFIG_HOME: `${folder}/conf`,
      };
      const users = ["a.io", "b.io", "c.io"].map(async (host) => find(host, "a/b", environment));
      expect(await Promise.all(users)).toEqual([password("1", "x"), password("2", "x"), password("3", "x")]);
    }),
  );

  test(
    "in the first place that has any: environment, named file, Docker's, Podman's",
    inHome(async ({ write, find }) => {
      const config = (user: string) => ({ auths: { "r.io": auth(user, "x") } });
      const userOf = async (environment = {}) => {
        const found = await find("r.io", "a/b", environment);
        return found?.kind === "password" ? found.username : undefined;
      };
      write(".config/containers/auth.json", config("podman"));
      expect(await userOf()).toBe("podman");
      write(DOCKER, config("docker"));
      expect(await userOf()).toBe("docker");
      const REGISTRY_AUTH_FILE = write("named.json", config("named"));
      expect(await userOf({ REGISTRY_AUTH_FILE })).toBe("named");
      const DOCKER_AUTH_CONFIG = JSON.stringify(config("inline"));
      expect(await userOf({ REGISTRY_AUTH_FILE, DOCKER_AUTH_CONFIG })).toBe("inline");
      expect(await userOf({ DOCKER_AUTH_CONFIG: JSON.stringify({ auths: {} }) })).toBe("docker");
    }),
  );

  test(
    "under keys with a scheme, a version and a slash",
    inHome(async ({ write, find }) => {
      write(DOCKER, {
        auths: { "https://a.io": auth("1", "x"), "http://b.io/v2/": auth("2", "x"), "c.io/": auth("3", "x") },
      });
      const users = ["a.io", "b.io", "c.io"].map(async (host) => find(host));
      expect(await Promise.all(users)).toEqual([password("1", "x"), password("2", "x"), password("3", "x")]);
    }),
  );

  test(
    "under the most specific path, then the host",
    inHome(async ({ write, find }) => {
      write(DOCKER, {
        auths: {
          "r.io": auth("host", "x"),
          "r.io/team": auth("team", "x"),
          "r.io/team/app": auth("app", "x"),
        },
      });
      expect(await find("r.io", "team/app")).toEqual(password("app", "x"));
      expect(await find("r.io", "team/other")).toEqual(password("team", "x"));
      expect(await find("r.io", "teams/app")).toEqual(password("host", "x"));
    }),
  );

  test(
    "only for exactly that host and port",
    inHome(async ({ write, find }) => {
      write(DOCKER, {
        auths: {
          "evil-r.io": auth("1", "x"),
          "r.io.evil": auth("2", "x"),
          "r.io:5000": auth("3", "x"),
          o: auth("4", "x"),
        },
      });
      expect(await find("r.io")).toBeUndefined();
    }),
  );

  test(
    "for Docker Hub under all its names",
    inHome(async ({ write, find }) => {
      for (const key of ["https://index.docker.io/v1/", "docker.io", "registry-1.docker.io"]) {
        write(DOCKER, { auths: { [key]: auth("hub", "x") } });
        expect(await find("docker.io")).toEqual(password("hub", "x"));
      }
    }),
  );

  test(
    "as identity token and registry token",
    inHome(async ({ write, find }) => {
      write(DOCKER, {
        auths: { "a.io": { ...auth("me", ""), identitytoken: "it" }, "b.io": { registrytoken: "rt" } },
      });
      expect(await find("a.io")).toEqual({ kind: "identity-token", username: "me", token: "it" });
      expect(await find("b.io")).toEqual({ kind: "registry-token", token: "rt" });
    }),
  );

  test(
    "not where a file is no JSON object; its contents stay unsaid",
    inHome(async ({ write, find, folder }) => {
      for (const text of ['{"auths": secret-thing', '"secret-thing"', "[]"]) {
        write(DOCKER, text);
        const error = await find("r.io").catch((reason: unknown) => reason);
        await expectError(Promise.reject(error), "E_USAGE", join(folder, DOCKER));
        expect(Bun.inspect(error)).not.toContain("secret-thing");
      }
    }),
  );

  test(
    "not in a named file that is not there",
    inHome(async ({ find }) => {
      await expectError(
        find("r.io", "a", { REGISTRY_AUTH_FILE: "/nowhere/auth.json" }),
        "E_USAGE",
        "/nowhere/auth.json",
      );
    }),
  );

  test(
    "past entries of other shapes",
    inHome(async ({ write, find }) => {
      write(DOCKER, {
        auths: { "a.io": null, "b.io": "text", "c.io": { auth: 7 }, "d.io": {} },
        credHelpers: [],
        credsStore: 1,
      });
      for (const host of ["a.io", "b.io", "c.io", "d.io"]) expect(await find(host)).toBeUndefined();
    }),
  );
});

describe("a credential helper", () => {
  const ANSWER = `cat > /dev/null; echo '{"ServerURL":"r.io","Username":"u","Secret":"s"}'`;

  test(
    "of the host goes before the common one, and both before the file",
    inHome(async ({ write, helper, find }) => {
      helper("own", `read s; echo '{"Username":"own","Secret":"'"$s"'"}'`);
      helper("all", `read s; echo '{"Username":"all","Secret":"'"$s"'"}'`);
      write(DOCKER, {
        credHelpers: { "r.io": "own" },
        credsStore: "all",
        auths: { "r.io": auth("file", "x") },
      });
      expect(await find("r.io")).toEqual(password("own", "r.io"));
      expect(await find("other.io")).toEqual(password("all", "other.io"));
      expect(await find("docker.io")).toEqual(password("all", "https://index.docker.io/v1/"));
    }),
  );

  test(
    "that has none leaves the word to the next place",
    inHome(async ({ write, helper, find }) => {
      helper("none", `cat > /dev/null; echo "credentials not found in native keychain"; exit 1`);
      write(DOCKER, { credsStore: "none" });
      expect(await find("r.io")).toBeUndefined();
      write(DOCKER, { credsStore: "none", auths: { "r.io": auth("file", "x") } });
      expect(await find("r.io")).toEqual(password("file", "x"));
    }),
  );

  test(
    "may give an identity token",
    inHome(async ({ write, helper, find }) => {
      helper("token", `cat > /dev/null; echo '{"Username":"<token>","Secret":"it"}'`);
      write(DOCKER, { credsStore: "token" });
      expect(await find("r.io")).toEqual({ kind: "identity-token", username: "<token>", token: "it" });
    }),
  );

  test(
    "that reads nothing is no trouble",
    inHome(async ({ write, helper, find }) => {
      helper("deaf", `exec 0<&-; echo '{"Username":"u","Secret":"s"}'`);
      write(DOCKER, { credsStore: "deaf" });
      expect(await find("r.io")).toEqual(password("u", "s"));
    }),
  );

  test(
    "that fails or talks nonsense is an error without what it said",
    inHome(async ({ write, helper, find }) => {
      helper("fails", `cat > /dev/null; echo "secret-thing"; exit 3`);
      helper("babbles", `cat > /dev/null; echo "secret-thing"`);
      for (const name of ["fails", "babbles"]) {
        write(DOCKER, { credsStore: name });
        const error = await find("r.io").catch((reason: unknown) => reason);
        await expectError(Promise.reject(error), "E_USAGE", `docker-credential-${name}`);
        expect(Bun.inspect(error)).not.toContain("secret-thing");
      }
    }),
  );

  test(
    "is looked for in absolute folders of PATH only, by a name that is no path",
    inHome(async ({ write, helper, find, folder }) => {
      helper("here", ANSWER);
      const before = process.cwd();
      process.chdir(join(folder, "bin"));
      try {
        for (const [name, PATH] of [
          ["here", ".:"],
          ["here", ""],
          ["../bin/docker-credential-here", "/"],
          ["here; true", "/bin"],
        ] as const) {
          write(DOCKER, { credsStore: name });
          await expectError(find("r.io", "a", { PATH }), "E_USAGE", "is not there");
        }
      } finally {
        process.chdir(before);
      }
    }),
  );

  test(
    "ends with the signal",
    inHome(async ({ write, helper, folder }) => {
      helper("hangs", "exec sleep 60");
      write(DOCKER, { credsStore: "hangs" });
      const abort = new AbortController();
      setTimeout(() => abort.abort(new Error("enough")), 50);
      const environment = { HOME: folder, PATH: `${folder}/bin:/usr/bin:/bin` };
      expect(await findCredentials("r.io", "a", environment, abort.signal).catch(String)).toBe(
        "Error: enough",
      );
    }),
  );
});

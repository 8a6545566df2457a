import { describe, expect, test } from "bun:test";
import { endpointOf } from "../../src/registry/endpoint.ts";
import { formatImageReference, parseImageReference } from "../../src/registry/reference.ts";
import { expectError } from "../support/expect-error.ts";

const HEX = "0123456789abcdef".repeat(4);

describe("an image reference", () => {
  const forms: readonly (readonly [string, string])[] = [
    ["alpine", "docker.io/library/alpine:latest"],
    ["docker://alpine:3.20", "docker.io/library/alpine:3.20"],
    ["docker.io/alpine", "docker.io/library/alpine:latest"],
    ["index.docker.io/library/alpine", "docker.io/library/alpine:latest"],
    ["registry-1.docker.io/grafana/grafana:11", "docker.io/grafana/grafana:11"],
    ["grafana/grafana", "docker.io/grafana/grafana:latest"],
    ["library/a/b/c", "docker.io/library/a/b/c:latest"],
    ["ghcr.io/owner/name", "ghcr.io/owner/name:latest"],
    ["GHCR.io/owner/name", "ghcr.io/owner/name:latest"],
    ["quay.io/single", "quay.io/single:latest"],
    ["localhost/x", "localhost/x:latest"],
    ["localhost:5000/x:y", "localhost:5000/x:y"],
    ["Upper/x", "Upper/x:latest"],
    ["LOCALHOST/x", "localhost/x:latest"],
    ["127.0.0.1:5000/x", "127.0.0.1:5000/x:latest"],
    ["[::1]:5000/x", "[::1]:5000/x:latest"],
    ["host:5000/a_b/c__d/e-f--g/h.i", "host:5000/a_b/c__d/e-f--g/h.i:latest"],
    [`alpine@sha256:${HEX}`, `docker.io/library/alpine@sha256:${HEX}`],
    [`alpine:3.20@sha256:${HEX}`, `docker.io/library/alpine:3.20@sha256:${HEX}`],
    [`r.io:1/a@sha512:${HEX}${HEX}`, `r.io:1/a@sha512:${HEX}${HEX}`],
    [`alpine:${"t".repeat(128)}`, `docker.io/library/alpine:${"t".repeat(128)}`],
  ];
  for (const [text, full] of forms) {
    test(`${text.slice(0, 60)} means ${full.slice(0, 60)}`, () => {
      expect(formatImageReference(parseImageReference(text))).toBe(full);
      expect(parseImageReference(full)).toEqual(parseImageReference(text));
    });
  }

  const mistakes: readonly (readonly [string, string])[] = [
    ["", "is not the name of an image"],
    ["Alpine", "lower-case: library/alpine"],
    ["ghcr.io/Owner/name", "lower-case: owner/name"],
    ["a//b", "is not the name of an image"],
    ["a/../b", "is not the name of an image"],
    ["/etc/passwd", "is not the name of an image"],
    ["./alpine", "is not a registry"],
    ["a___b", "is not the name of an image"],
    ["-a", "is not the name of an image"],
    ["a:", "is not a tag"],
    ["a:-x", "is not a tag"],
    [`a:${"t".repeat(129)}`, "is not a tag"],
    ["a:b c", "is not a tag"],
    ["a@sha256:abc", "is not a digest"],
    [`a@sha256:${HEX.toUpperCase()}`, "is not a digest"],
    ["a@sha256:../../etc/passwd", "is not a digest"],
    [`a@md5:${HEX}`, "is not a digest"],
    ["user@host.io/a", "is not a digest"],
    ["ho_st.io/a", "is not a registry"],
    ["host.io:port/a", "is not a registry"],
    [`${"a".repeat(250)}/b`, "too long"],
    ["a\u001b[31m", "\\u001b"],
  ];
  for (const [text, why] of mistakes) {
    test(`${JSON.stringify(text.slice(0, 60))} is refused`, () =>
      expectError(() => parseImageReference(text), "E_USAGE", why));
  }
});

describe("a registry is spoken to", () => {
  const base = (host: string, insecureHosts: string[] = [], hasOwnCa = false) =>
    endpointOf(host, { insecureHosts, hasOwnCa }).base.origin;

  test("over https", () => {
    expect(base("ghcr.io")).toBe("https://ghcr.io");
    expect(base("r.io:5000")).toBe("https://r.io:5000");
    expect(base("r.io:443")).toBe("https://r.io");
  });

  test("at another host where it is Docker Hub", () => {
    expect(base("docker.io")).toBe("https://registry-1.docker.io");
  });

  test("over http where it is this machine, unless an authority is given", () => {
    for (const host of [
      "localhost",
      "localhost:5000",
      "x.localhost:80",
      "127.0.0.1",
      "127.9.9.9:5000",
      "[::1]:5000",
    ]) {
      expect(base(host)).toStartWith("http://");
      expect(base(host, [], true)).toStartWith("https://");
    }
  });

  test("over https where it is a private network or only looks like this machine", () => {
    for (const host of [
      "10.0.0.1:5000",
      "192.168.1.1",
      "172.16.0.1",
      "0.0.0.0",
      "localhost.example.com",
      "127.0.0.1.nip.io",
    ]) {
      expect(base(host)).toStartWith("https://");
    }
  });

  test("over http where it is named for that, with its port", () => {
    expect(base("r.io:5000", ["r.io:5000"])).toBe("http://r.io:5000");
    expect(base("r.io:5000", ["r.io"])).toBe("https://r.io:5000");
    expect(base("localhost:5000", ["localhost:5000"], true)).toBe("http://localhost:5000");
  });

  test("only if it is a host", async () => {
    for (const host of ["a/b", "user@host", "https://r.io", "r.io:99999", ""]) {
      await expectError(() => base(host), "E_USAGE", "is not the host of a registry");
    }
  });
});

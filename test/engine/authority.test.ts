import { spyOn } from "bun:test";
import { mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { EngineClient } from "../../src/engine/client.ts";
import * as certificates from "../../src/http/usual-certificates.ts";
import { makeCertificate } from "../support/docker-registry.ts";
import { expectError } from "../support/expect-error.ts";
import { testWith } from "../support/oracles.ts";
import { scratchFolder } from "../support/scratch.ts";

const scratch = scratchFolder();

testWith(
  ["openssl"],
  "an engine is certified by its own authority, and by none of the usual ones",
  async () => {
    for (const folder of ["own", "public"]) {
      mkdirSync(scratch(folder));
      makeCertificate(scratch(folder));
    }
    const pem = (name: string) => readFileSync(scratch(name), "utf8");
    const identity = { key: pem("public/server.key"), cert: pem("public/server.pem") };
    const server = createServer(identity, (_, response) => response.writeHead(404).end());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const clientOf = (ca: string) =>
      new EngineClient(
        { name: "engine", url, tls: { ca: pem(ca), identity: undefined } },
        { environment: {} },
      );
    // An authority that everybody trusts.
    const usual = spyOn(certificates, "usualCertificates").mockReturnValue([pem("public/ca.pem")]);
    const clients = [clientOf("own/ca.pem"), clientOf("public/ca.pem")] as const;
    try {
      await expectError(clients[0].image("a"), "E_NETWORK", "cannot be asked", "certificate");
      await expectError(clients[1].image("a"), "E_NETWORK", "answered 404");
    } finally {
      usual.mockRestore();
      for (const client of clients) await client.close();
      server.close();
    }
  },
);

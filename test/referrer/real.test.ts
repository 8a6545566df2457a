/** What is signed and attached in a real registry, by cosign's own judgement, skopeo's and openssl's. */
import { expect } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pullImage, pushImage, signImage, verifySignature } from "../../src/artifact/library.ts";
import { convert } from "../../src/convert/convert.ts";
import { INDEX } from "../registry/documents.ts";
import { NAME } from "../registry/support.ts";
import { putManifest } from "../registry/uploads.ts";
import { COSIGN_KEY, COSIGN_PUB, makeSigningKey } from "../support/cosign.ts";
import { cosignProgram } from "../support/cosign-program.ts";
import { withRegistry } from "../support/docker-registry.ts";
import { expectError } from "../support/expect-error.ts";
import { buildLayout, json } from "../support/layout-builder.ts";
import { runOk, testWith } from "../support/oracles.ts";
import { runBeside } from "../support/run-beside.ts";
import { SIGNING, sigstoreSkopeo } from "../support/sigstore-skopeo.ts";
import { tar } from "../support/tar-builder.ts";

const MAIN = join(import.meta.dir, "../../src/cli/main.ts");
const OFFLINE = ["--insecure-ignore-tlog=true"];

/** Two pairs of keys: cosign.key and cosign.pub, other.key and other.pub. */
function writeKeys(folder: string) {
  const other = makeSigningKey();
  writeFileSync(join(folder, "cosign.key"), COSIGN_KEY);
  writeFileSync(join(folder, "cosign.pub"), COSIGN_PUB);
  writeFileSync(join(folder, "other.key"), other.privateKey.export({ type: "sec1", format: "pem" }));
  writeFileSync(join(folder, "other.pub"), other.publicPem);
  return {
    cosign: { keyFile: join(folder, "cosign.key"), keyPassword: "quiet" },
    other: { keyFile: join(folder, "other.key") },
  };
}

async function rawManifest(host: string, reference: string) {
  const accept = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json";
  const response = await fetch(`http://${host}/v2/${NAME}/manifests/${reference}`, { headers: { accept } });
  return JSON.parse(await response.text());
}

testWith(
  ["docker-registry", "skopeo", "openssl", "apt-get", "dpkg-deb"],
  "an index and what it lists, signed with cosign's key: cosign 3 takes both forms, openssl the older one",
  () =>
    withRegistry({}, async ({ host, push }, folder) => {
      const keys = writeKeys(folder);
      const layers = [tar([{ path: "bin/app", data: "app" }])];
      const { manifest } = buildLayout(join(folder, "layout"), { layers, tag: "x" });
      push(`oci:${join(folder, "layout")}:x`, `${NAME}:x`);
      const child = { ...manifest, platform: { os: "linux", architecture: "amd64" } };
      const bytes = json({ schemaVersion: 2, mediaType: INDEX, manifests: [child] });
      const index = await putManifest(host, bytes, INDEX, "multi");
      const reference = `${host}/${NAME}:multi`;
      const sign = (more = {}) => signImage({ reference, ...keys.cosign, recursive: true, ...more });

      const made = { made: ["bundle", "simple"], there: [] };
      expect(await sign()).toMatchObject({
        digest: index,
        signed: [
          { digest: index, ...made },
          { digest: manifest.digest, ...made },
        ],
      });
      const tag = `${index.replace(":", "-")}.sig`;
      const before = await rawManifest(host, tag);
      const nothing = { made: [], there: ["bundle", "simple"] };
      expect(await sign()).toMatchObject({ signed: [nothing, nothing] });
      expect(await rawManifest(host, tag)).toEqual(before);

      const [{ digest, annotations }] = before.layers;
      const payload = await fetch(`http://${host}/v2/${NAME}/blobs/${digest}`);
      writeFileSync(join(folder, "payload"), Buffer.from(await payload.arrayBuffer()));
      const signature = Buffer.from(annotations["dev.cosignproject.cosign/signature"], "base64");
      writeFileSync(join(folder, "signature"), signature);
      const dgst = ["dgst", "-sha256", "-verify", "cosign.pub", "-signature", "signature", "payload"];
      expect(runOk("openssl", dgst, { cwd: folder })).toContain("Verified OK");

      // Another key's are added to those that are there.
      await signImage({ reference, ...keys.other, formats: ["simple"] });
      expect((await rawManifest(host, tag)).layers).toMatchObject([{ digest }, {}]);
      const cosign = cosignProgram();
      if (cosign === undefined) return;
      const verify = (key: string, of: string, ...more: readonly string[]) =>
        cosign(folder, ["verify", "--key", key, ...OFFLINE, ...more, `${host}/${NAME}${of}`]);
      for (const of of [":multi", `@${manifest.digest}`]) {
        expect(verify("cosign.pub", of)).toContain("sigstore.dev/cosign/sign/v1");
        expect(verify("cosign.pub", of, "--new-bundle-format=false")).toContain("container image signature");
        expect(() => verify("other.pub", of)).toThrow("no matching");
      }
      expect(verify("other.pub", ":multi", "--new-bundle-format=false")).toContain(index);
    }),
);

testWith(
  ["docker-registry", "skopeo", "mmdebstrap", "chroot", "unshare"],
  "by the command, with a name: the policy of podman and skopeo takes it under that name, and no other",
  () =>
    withRegistry({}, async ({ host, push }, folder) => {
      writeKeys(folder);
      buildLayout(join(folder, "layout"), { layers: [tar([{ path: "a", data: "a" }])], tag: "x" });
      for (const tag of ["good", "other"]) push(`oci:${join(folder, "layout")}:x`, `${NAME}:${tag}`);
      const env = { ...process.env, HOME: folder, DOCKER_CONFIG: folder, COSIGN_PASSWORD: "wrong" };
      const docker2vm = (...args: readonly string[]) =>
        runBeside([process.execPath, MAIN, ...args], { cwd: folder, env });
      const name = `${host}/${NAME}:good`;
      const sign = ["sign", name, "--key", "cosign.key", "--signature-format", "simple"];
      const refused = await docker2vm(...sign);
      expect(`${refused.status}: ${refused.stderr}`).toMatch(/^2: .*the password does not open it/);
      writeFileSync(join(folder, "password"), "quiet\n");
      const signed = await docker2vm(...sign, "--key-password-file", "password");
      expect(`${signed.status}: ${signed.stdout}${signed.stderr}`).toMatch(/^0: [\s\S]*Signed .*\(simple\)/);
      const report = await docker2vm("verify-signature", name, "--key", "cosign.pub", "--json");
      expect(JSON.parse(report.stdout).signatures).toMatchObject([{ format: "simple", verdict: "valid" }]);
      const foreign = await docker2vm("verify-signature", name, "--key", "other.pub");
      expect(`${foreign.status}: ${foreign.stderr}`).toMatch(
        /^6: .*bears 1 signatures, none of them valid.*\n.*simple invalid \(sha256:/,
      );

      const keyPath = `${SIGNING}/cosign.pub`;
      const policy = { default: [{ type: "sigstoreSigned", keyPath }] };
      writeFileSync(join(folder, "policy.json"), JSON.stringify(policy));
      const copy = (tag: string) =>
        sigstoreSkopeo(folder, [
          ...["--policy", `${SIGNING}/policy.json`, "copy", "--quiet", "--src-tls-verify=false"],
          ...[`docker://${host}/${NAME}:${tag}`, `dir:${SIGNING}/copied-${tag}`],
        ]);
      copy("good");
      expect(() => copy("other")).toThrow("is not accepted");
    }),
);

testWith(
  ["docker-registry", "skopeo", "apt-get", "dpkg-deb"],
  "a disk with its list of packages and its provenance, signed: listed by the tag that stands in, taken by cosign 3",
  () =>
    withRegistry({}, async ({ host }, folder) => {
      const keys = writeKeys(folder);
      const layout = join(folder, "layout");
      const source = buildLayout(layout, { layers: [tar([{ path: "a", data: "a" }])], tag: "x" });
      const vm = join(folder, "vm");
      const filesystem = { size: "min", verity: true } as const;
      const platform = "linux/amd64";
      const converted = await convert({
        source: `oci:${layout}:x`,
        platform,
        out: vm,
        filesystem,
        digest: true,
      });
      writeFileSync(join(folder, "sbom.json"), "{}");
      const attachments = [{ file: join(folder, "sbom.json"), mediaType: "application/spdx+json" }];
      const reference = `${host}/${NAME}:vm`;
      const push = () =>
        pushImage({ image: vm, reference, attachments, provenance: true, signing: keys.cosign });
      const { digest, attached } = await push();
      const listed = async () => (await rawManifest(host, digest.replace(":", "-"))).manifests;
      const before = await listed();
      expect(before).toMatchObject([
        { artifactType: "application/spdx+json" },
        { annotations: { "dev.sigstore.bundle.predicateType": "https://slsa.dev/provenance/v1" } },
        { annotations: { "dev.sigstore.bundle.predicateType": "https://sigstore.dev/cosign/sign/v1" } },
      ]);
      expect((await push()).attached).toEqual([...attached]);
      expect(await listed()).toEqual(before);
      const raw = runOk("skopeo", [
        "inspect",
        "--raw",
        "--tls-verify=false",
        `docker://${host}/${NAME}@${attached[0]?.digest}`,
      ]);
      expect(JSON.parse(raw)).toMatchObject({
        subject: { digest },
        layers: [{ mediaType: "application/spdx+json" }],
      });

      const out = join(folder, "back");
      const pull = (key: string, more = {}) =>
        pullImage({
          reference,
          out,
          verifyKeyFile: join(folder, key),
          attachments: join(out, "of"),
          ...more,
        });
      await expectError(pull("other.pub"), "E_SIGNATURE", "none of them valid");
      const { documents, refused } = await pull("cosign.pub");
      expect(refused).toEqual([]);
      expect(documents.map(({ path }) => path)).toEqual([
        join(out, "of/sbom.json"),
        join(out, "of/provenance.sigstore.json"),
      ]);
      expect(readFileSync(join(out, "of/sbom.json"), "utf8")).toBe("{}");
      const { dsseEnvelope } = JSON.parse(readFileSync(join(out, "of/provenance.sigstore.json"), "utf8"));
      const statement = JSON.parse(Buffer.from(dsseEnvelope.payload, "base64").toString("utf8"));
      const hex = (of: string | undefined) => of?.replace("sha256:", "");
      expect(statement).toMatchObject({
        subject: [
          { name: `${host}/${NAME}`, digest: { sha256: hex(digest) } },
          {
            name: "rootfs.ext4",
            digest: { sha256: hex(converted.metadata.rootfsDigest) },
            annotations: { "dm-verity.root-hash": converted.metadata.filesystem.verity?.rootHash },
          },
          { name: "meta.json" },
        ],
        predicate: {
          buildDefinition: {
            externalParameters: { platform, profile: "baseline", filesystem: { type: "ext4", verity: true } },
            resolvedDependencies: [{ digest: { sha256: hex(source.manifest.digest) } }],
          },
          runDetails: { builder: { id: "urn:docker2vm" } },
        },
      });
      expect(JSON.stringify(statement)).not.toMatch(/\d{4}-\d\d-\d\dT/);
      expect(
        (await verifySignature({ reference, keyFile: join(folder, "cosign.pub") })).signatures,
      ).toMatchObject([
        { format: "simple", verdict: "valid" },
        { verdict: "attested" },
        { format: "bundle", verdict: "valid" },
      ]);
      const cosign = cosignProgram();
      if (cosign === undefined) return;
      const attestation = ["verify-attestation", "--type", "slsaprovenance1", ...OFFLINE, reference];
      expect(cosign(folder, [...attestation, "--key", "cosign.pub"])).toContain("payload");
      expect(() => cosign(folder, [...attestation, "--key", "other.pub"])).toThrow("no matching");
    }),
);

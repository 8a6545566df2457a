/** Pushing documents into a real registry, under NAME. */
import { sha256 } from "../support/layout-builder.ts";
import { NAME } from "./support.ts";

/** Uploads a blob. */
export async function upload(host: string, bytes: Buffer): Promise<{ digest: string; size: number }> {
  const digest = sha256(bytes);
  const started = await fetch(`http://${host}/v2/${NAME}/blobs/uploads/`, { method: "POST" });
  const location = new URL(started.headers.get("location") ?? "", `http://${host}`);
  location.searchParams.set("digest", digest);
  await send(location.href, bytes, "application/octet-stream");
  return { digest, size: bytes.length };
}

/** Puts a manifest there, under its digest if there is no tag for it. */
export async function putManifest(host: string, bytes: Buffer, type: string, tag?: string): Promise<string> {
  const digest = sha256(bytes);
  await send(`http://${host}/v2/${NAME}/manifests/${tag ?? digest}`, bytes, type);
  return digest;
}

async function send(url: string, body: Buffer, type: string): Promise<void> {
  const response = await fetch(url, { method: "PUT", body, headers: { "content-type": type } });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
}

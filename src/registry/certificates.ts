import { readFile } from "node:fs/promises";
import { Docker2vmError } from "../errors.ts";

/** The text of a PEM file of certificates. Throws E_USAGE if it cannot be read or holds none. */
export async function readCertificates(path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new Docker2vmError("E_USAGE", `${path}: cannot be read`, { cause });
  });
  if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
  throw new Docker2vmError("E_USAGE", `${path}: holds no certificate in PEM form`);
}

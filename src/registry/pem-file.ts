import { readFile } from "node:fs/promises";
import { Docker2vmError } from "../errors.ts";

/** The text of a PEM file that the user named. Throws E_USAGE if it cannot be read or holds nothing of the kind. */
export async function readPemFile(path: string, kind: "CERTIFICATE" | "PUBLIC KEY"): Promise<string> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new Docker2vmError("E_USAGE", `${path}: cannot be read`, { cause });
  });
  if (text.includes(`-----BEGIN ${kind}-----`)) return text;
  throw new Docker2vmError("E_USAGE", `${path}: holds no ${kind.toLowerCase()} in PEM form`);
}

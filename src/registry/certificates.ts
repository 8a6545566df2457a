import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { Docker2vmError } from "../errors.ts";
import { whyUnreadable } from "../system-errors.ts";

const BEGIN = "-----BEGIN CERTIFICATE-----";
/** From one beginning to its end, or to the next beginning, where the end is missing. */
const CERTIFICATE = /-----BEGIN CERTIFICATE-----(?:(?!-----BEGIN)[\s\S])*/g;
/** What DER begins with: a SEQUENCE of two bytes' length. */
const DER_START = "\x30\x82";
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;

/** The text of a PEM file of certificates, each of them sound. Throws E_USAGE that says what is wrong with it. */
export async function readCertificates(path: string): Promise<string> {
  const text = await readFile(path, "latin1").catch((cause: unknown) => {
    const hint = "--ca takes a file of certificates in PEM form";
    throw new Docker2vmError("E_USAGE", `the CA file ${path}: ${whyUnreadable(cause)}`, { hint, cause });
  });
  if (!text.includes(BEGIN)) {
    const hint = hintForNone(text, path);
    throw new Docker2vmError("E_USAGE", `the CA file ${path}: no certificate in PEM form is in it`, { hint });
  }
  const certificates = text.match(CERTIFICATE) ?? [];
  for (const [i, certificate] of certificates.entries()) checkCertificate(certificate, path, i + 1);
  return text;
}

function checkCertificate(pem: string, path: string, number: number): void {
  try {
    new X509Certificate(pem);
  } catch (cause) {
    throw new Docker2vmError("E_USAGE", `the CA file ${path}: certificate ${number} in it is broken`, {
      hint: "it may be cut off or changed: fetch it again from whoever runs the registry",
      cause,
    });
  }
}

function hintForNone(text: string, path: string): string {
  if (text.startsWith(DER_START)) {
    return `it is in DER form: openssl x509 -inform DER -in ${path} -out ca.pem makes PEM of it`;
  }
  if (PRIVATE_KEY.test(text))
    return "it holds a private key: give the certificate of the registry's authority";
  return `such a certificate begins with ${BEGIN}`;
}

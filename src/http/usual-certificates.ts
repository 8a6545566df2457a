import { createRequire } from "node:module";
import type * as Tls from "node:tls";

const require = createRequire(import.meta.url);

/**
 * The certificates that the runtime trusts by itself, in PEM. An import of them has them made when the program starts,
 * which takes as long as two requests.
 */
export function usualCertificates(): readonly string[] {
  const { rootCertificates }: typeof Tls = require("node:tls");
  return rootCertificates;
}

import type { RegistryEvent } from "../registry/events.ts";
import type { CommandLine } from "./arguments.ts";
import type { Host } from "./host.ts";
import { printable } from "./printable.ts";
import { registryRequest } from "./registry-request.ts";

/** How push and pull reach the registry, and who hears of what happens on the way. */
export async function artifactAccess(line: CommandLine, host: Host) {
  const { credentials, insecureHosts, trustedRealms, caFile, concurrency } = await registryRequest(
    line,
    host,
    "",
  );
  return {
    environment: host.env,
    signal: host.signal,
    onEvent: (event: RegistryEvent) => host.stderr.write(textOf(event)),
    credentials,
    insecureHosts,
    trustedRealms,
    caFile,
    concurrency,
  };
}

function textOf(event: RegistryEvent): string {
  if (event.type === "warning") return `warning: ${printable(event.message)}\n`;
  if (event.type !== "retry") return "";
  return `${printable(event.reason)}; again in ${Math.ceil(event.delay / 1000)} s\n`;
}

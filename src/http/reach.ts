import { lookup } from "node:dns/promises";
import { ipLiteral, REACH, type Reach, reachOf } from "./addresses.ts";

/**
 * How near the server of a URL is: as its address, or the nearest of several. But who has addresses in public counts
 * as near as the private network at most: what else it names, this machine itself or a cloud's secrets, would be a way
 * to have them asked.
 */
export async function reachOfServer(url: URL): Promise<Reach> {
  const ip = ipLiteral(url.hostname);
  if (ip !== undefined) return reachOf(ip);
  const found = await lookup(url.hostname, { all: true }).catch(() => []);
  return nearestOf(found.map(({ address }) => reachOf(address)));
}

/** As reachOfServer says, of a name's addresses; none reaches as far as any. */
export function nearestOf(reaches: readonly Reach[]): Reach {
  const nearest = Math.max(REACH.public, ...reaches);
  return reaches.includes(REACH.public) ? Math.min(nearest, REACH.private) : nearest;
}

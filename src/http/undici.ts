/**
 * The one import of undici, and of the parts alone that exchange requests: together with its fetch, WebSocket, caches
 * and mocks it takes nearly twice as long to load, and whoever pulls one image would wait for that. By their files, and
 * not by the package's name: that is, under Bun, a stand-in whose agents have no behaviour and whose options are
 * ignored without a word. The files are undici 6's own, so package.json holds to its minor version. By `require` itself:
 * what `createRequire` makes is not followed where all becomes one executable, and the files would not be in it.
 */
import type * as Undici from "undici/index.js";

export type { Dispatcher } from "undici/index.js";

export const Agent: typeof Undici.Agent = require("undici/lib/dispatcher/agent.js");

const Dispatcher: typeof Undici.Dispatcher = require("undici/lib/dispatcher/dispatcher.js");
// As its index does: what a dispatcher can do beside dispatching lies apart.
Object.assign(Dispatcher.prototype, require("undici/lib/api/index.js"));

/** Loaded when there is a proxy. */
export function proxyAgent(options: Undici.ProxyAgent.Options): Undici.ProxyAgent {
  const ProxyAgent: typeof Undici.ProxyAgent = require("undici/lib/dispatcher/proxy-agent.js");
  return new ProxyAgent(options);
}

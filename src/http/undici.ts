/**
 * The one import of undici. By its file and not by its name: the bare name is, under Bun, a stand-in whose agents have
 * no behaviour and whose options are ignored without a word.
 */
export { Agent, type Dispatcher, ProxyAgent } from "undici/index.js";

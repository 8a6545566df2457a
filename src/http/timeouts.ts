/** How long a server is waited for. Every wait for it has its end; what its reader takes never counts. */
export interface Timeouts {
  /** Milliseconds until a connection stands. */
  readonly connect: number;
  /** Milliseconds from there until the header of the answer is there. */
  readonly headers: number;
  /** Milliseconds without a byte of the body. */
  readonly body: number;
  /** Milliseconds for the body of a document: a manifest, a config, a token, a list, what is said of an error. */
  readonly document: number;
  /** Milliseconds of waiting in which at least `leastBytes` of any body have to come; 0 bytes for any pace. */
  readonly window: number;
  readonly leastBytes: number;
}

/** A network that works is far from each of them. */
export const TIMEOUTS: Timeouts = {
  connect: 30_000,
  headers: 60_000,
  body: 60_000,
  document: 300_000,
  window: 120_000,
  leastBytes: 8192,
};

/** What happens between this program and a registry that is no error. No event ever holds a credential. */
export type RegistryEvent =
  /** A request is to be made again, or a broken body to be continued at `offset`, after `delay` milliseconds. */
  | {
      readonly type: "retry";
      /** What was asked for: "manifest 3.20", "layer sha256:…". */
      readonly what: string;
      readonly reason: string;
      readonly delay: number;
      /** Bytes that are here already, for a body that is continued. */
      readonly offset?: number | undefined;
    }
  | { readonly type: "warning"; readonly message: string }
  /** What a registry tells of its limits, as it tells it: "76;w=21600". */
  | { readonly type: "rate-limit"; readonly limit: string; readonly remaining: string }
  /** A layer's bytes so far, of those in its descriptor. Also for one that the cache has. */
  | {
      readonly type: "download";
      readonly digest: string;
      readonly bytes: number;
      readonly size: number;
      readonly cached: boolean;
    };

export type OnRegistryEvent = (event: RegistryEvent) => void;

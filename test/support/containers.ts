/** Containers of bundles, started by the real runtimes. */
import { type Outcome, run } from "./oracles.ts";

export const RUNTIMES = ["runc", "crun"] as const;

export type Runtime = (typeof RUNTIMES)[number];

let containers = 0;

/** Starts a bundle's container, waits for its end, and returns what it said. */
export function runBundle(runtime: Runtime, bundle: string): Outcome {
  containers++;
  const id = `docker2vm-test-${process.pid}-${containers}`;
  if (runtime === "runc") return run("runc", ["run", "--bundle", bundle, id], { input: "" });
  // crun takes no machine whose control groups are of both kinds: in a mount namespace of its own it has but the old.
  const script = 'umount /sys/fs/cgroup/unified 2>/dev/null; exec crun run --bundle "$1" "$2"';
  return run("unshare", ["--mount", "sh", "-c", script, "sh", bundle, id], { input: "" });
}

import { DEFAULT_PATH, type ImageVariables } from "../image-variables.ts";

/** What an image sets, and how the guest's init sets it. */
export interface GuestEnvironment {
  readonly variables: ImageVariables;
  /** The search path that init makes of the image's: a workload that is started with it has been given none. */
  readonly path: string;
}

/** Names and values are bytes, one character each. */
export interface WorkloadEnvironment {
  /** The search path for commands, the default if the image sets none. */
  readonly path: string;
  /** All other variables, in the image's order. */
  readonly variables: ImageVariables;
  /** As `GuestEnvironment.path`. */
  readonly guestPath: string;
}

/** What Docker hands to a workload whose home directory is `home`: HOME is set where the image leaves it out or empty. */
export function workloadEnvironment(guest: GuestEnvironment, home: string): WorkloadEnvironment {
  const variables = new Map(guest.variables);
  if (!variables.get("HOME")) variables.set("HOME", home);
  const path = variables.get("PATH") ?? DEFAULT_PATH;
  variables.delete("PATH");
  return { path, variables, guestPath: guest.path };
}

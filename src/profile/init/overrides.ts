/** What whoever converts wants of the workload other than the image says, as `docker run` takes it. */
import { Docker2vmError } from "../../errors.ts";
import { given } from "../../given.ts";

/** What of a workload is to be other than the image says. Absent: as the image has it. */
export interface WorkloadOverrides {
  /** In place of the image's; its Cmd then counts no more, either. */
  readonly entrypoint?: readonly string[] | undefined;
  readonly cmd?: readonly string[] | undefined;
  /** `NAME=VALUE`, over the image's; `NAME` alone has its value from the environment, or is left out. */
  readonly env?: readonly string[] | undefined;
  /** Absolute. */
  readonly workdir?: string | undefined;
  /** `USER[:GROUP]`, names or numbers. */
  readonly user?: string | undefined;
  /** "localhost" if absent. */
  readonly hostname?: string | undefined;
}

/** Bytes of a host name: __NEW_UTS_LEN (linux/utsname.h). */
const HOSTNAME_BYTES = 64;
const HOSTNAME = /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/;

const SHAPES = {
  entrypoint: "texts",
  cmd: "texts",
  env: "texts",
  workdir: "text",
  user: "text",
  hostname: "text",
} as const;

/**
 * The same, with the values out of `environment` of variables that are named alone. Throws E_USAGE for what no process
 * or machine can be given.
 */
export function checkOverrides(
  overrides: WorkloadOverrides,
  environment: Readonly<Record<string, string | undefined>>,
): WorkloadOverrides {
  given(overrides, {}, SHAPES);
  const { entrypoint, cmd, env, workdir, user, hostname } = overrides;
  for (const [name, words] of Object.entries({ entrypoint, cmd, env, workdir: [workdir], user: [user] })) {
    if (words?.some((word) => word?.includes("\0"))) {
      throw refuse(`the workload's ${name} has a NUL byte`, "no process can be given one: leave it out");
    }
  }
  if (workdir !== undefined && !workdir.startsWith("/")) {
    throw refuse(`the working directory ${JSON.stringify(workdir)} is relative`, "begin it with a slash");
  }
  if (hostname !== undefined && !isHostname(hostname)) {
    throw refuse(
      `${JSON.stringify(hostname)} is no host name`,
      `it has letters, digits, dots and dashes, ${HOSTNAME_BYTES} at most, and no dot or dash at its ends`,
    );
  }
  return env === undefined
    ? overrides
    : { ...overrides, env: env.flatMap((entry) => valued(entry, environment)) };
}

export function isHostname(text: string): boolean {
  return HOSTNAME.test(text) && text.length <= HOSTNAME_BYTES;
}

function valued(entry: string, environment: Readonly<Record<string, string | undefined>>): readonly string[] {
  const end = entry.indexOf("=");
  if (end === 0 || entry === "") {
    throw refuse(`${JSON.stringify(entry)} is no variable of an environment`, "write it NAME=VALUE");
  }
  if (end > 0) return [entry];
  const value = environment[entry];
  return value === undefined ? [] : [`${entry}=${value}`];
}

function refuse(message: string, hint: string): Docker2vmError {
  return new Docker2vmError("E_USAGE", message, { hint });
}

/** The shell script that a Gondolin guest starts with (ROOTFS_INIT_SCRIPT of Gondolin's init-scripts.ts). */

/** The file that brings the image's environment, by the name that Gondolin gives it. */
export const ENVIRONMENT_PATH = "/etc/profile.d/gondolin-image-env.sh";

const START_OF_SANDBOXD = "\nexec /usr/bin/sandboxd\n";

const LOAD_ENVIRONMENT = `
if [ -r ${ENVIRONMENT_PATH} ]; then
  . ${ENVIRONMENT_PATH}
fi
`;

/**
 * The script, reading the image's environment just before it starts sandboxd, as `gondolin build` changes it for a
 * guest with an environment. Undefined where it does not end as Gondolin's does.
 */
export function withEnvironment(script: string): string | undefined {
  if (script.includes(`. ${ENVIRONMENT_PATH}`)) return script;
  const at = script.lastIndexOf(START_OF_SANDBOXD);
  if (at === -1) return undefined;
  return script.slice(0, at) + LOAD_ENVIRONMENT + script.slice(at);
}

/** The kernel modules that the script loads by name, in its order. */
export function modulesLoadedBy(script: string): string[] {
  const names = new Set<string>();
  for (const line of script.split("\n")) {
    if (line.trimStart().startsWith("#")) continue;
    for (const [, name] of line.matchAll(/\bmodprobe\s+(?:-\S+\s+)*([A-Za-z0-9][A-Za-z0-9_-]*)/g)) {
      if (name !== undefined) names.add(name);
    }
  }
  return [...names];
}

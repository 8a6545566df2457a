/** An image like the distroless ones: one static program, no shell, no libraries. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cachedFolder } from "../cache.ts";
import { buildLayout } from "../layout-builder.ts";
import { tar } from "../tar-builder.ts";
import { withTemporaryFolder } from "../temporary.ts";
import { runZig } from "../zig.ts";
import { ARCHITECTURES, type Architecture } from "./architecture.ts";

/** Tells how it was started, a fact a line, and exits with its first argument, or with 0 without one. */
const TOOL = `#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv) {
  char directory[4096];
  printf("user %d:%d\\n", (int)getuid(), (int)getgid());
  printf("directory %s\\n", getcwd(directory, sizeof directory) ? directory : "?");
  printf("greeting %s\\n", getenv("GREETING") ? getenv("GREETING") : "none");
  for (int i = 1; i < argc; i++) printf("argument %s\\n", argv[i]);
  return argc > 1 ? atoi(argv[1]) : 0;
}
`;

/** What the image's config says; the program's environment has this greeting. */
export const SCRATCH_CONFIG = {
  Entrypoint: ["/app/tool"],
  Cmd: ["0"],
  Env: ["PATH=/usr/bin", 'GREETING=it\'s "here" for $5'],
  User: "nonroot",
  WorkingDir: "/app",
} as const;

/** The folder of a layout tagged "latest" with /app/tool and /etc/passwd, where "nonroot" is 65532. Compiled once. */
export function scratchImage(architecture: Architecture): string {
  return cachedFolder(`scratch-image-${architecture}-1`, (folder) => {
    buildLayout(folder, {
      layers: [
        tar([
          { path: "app/", type: "directory", mode: 0o755 },
          { path: "app/tool", mode: 0o755, data: compiledTool(architecture) },
          { path: "etc/", type: "directory", mode: 0o755 },
          { path: "etc/passwd", data: "nonroot:x:65532:65532::/home/nonroot:/sbin/nologin\n" },
        ]),
      ],
      platform: { os: "linux", architecture },
      tag: "latest",
      config: SCRATCH_CONFIG,
    });
  });
}

function compiledTool(architecture: Architecture): Uint8Array {
  return withTemporaryFolder((folder) => {
    writeFileSync(join(folder, "tool.c"), TOOL);
    const target = `${ARCHITECTURES[architecture].machine}-linux-musl`;
    runZig(folder, ["cc", "-target", target, "-static", "-Os", "-s", "tool.c", "-o", "tool"]);
    return readFileSync(join(folder, "tool"));
  });
}

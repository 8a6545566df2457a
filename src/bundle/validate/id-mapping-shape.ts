import { listOf, objectOf, UINT32 } from "./shape.ts";

/** Of users or groups: config-linux.md. */
export const ID_MAPPINGS = listOf(
  objectOf(
    "config-linux.md, User namespace mappings",
    { containerID: UINT32, hostID: UINT32, size: UINT32 },
    ["containerID", "hostID", "size"],
  ),
);

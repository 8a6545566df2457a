/**
 * As who the workload runs, by the rules of Docker and runc (GetExecUser in github.com/moby/sys/user), as
 * src/profile/launcher/user.ts has them at length.
 */
#pragma once
#include "system.h"

#define GROUPS 1024

struct identity {
  uint32_t uid;
  uint32_t gid;
  /** The gid comes first. */
  uint32_t groups[GROUPS];
  size_t group_count;
  const char *home;
};

/** `user` is USER[:GROUP], names or numbers. Fails where that names nobody. */
void resolve_identity(const char *user, struct identity *identity);

/** Groups, gid and uid: real, effective and saved. Fails where the kernel refuses. */
void become(const struct identity *identity);

/** A workload with exactly the environment and identity that it is to have, for launchers that know both. */
#pragma once

/** The name by which the program is called for it. */
#define EXEC_AS_NAME "exec-as"

/**
 * exec-as UID GID[,GROUP...] [NAME=]... '' [NAME=VALUE]... '' PROGRAM ARGV0 [ARGUMENT]...
 *
 * Variables named in the first section are dropped from the environment, those in the second are added unless they are
 * there. Then, as runc does: the standard streams are given to the user, groups, gid and uid are set, and PROGRAM, which
 * is not searched for, takes the process over. Ends with STATUS_FAILED, STATUS_MISSING or STATUS_REFUSED where that
 * cannot be. `arguments` are those behind the name.
 */
_Noreturn void exec_as(char **arguments, char **environment);

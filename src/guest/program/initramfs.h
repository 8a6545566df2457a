/** The first program of an initramfs: loads the kernel's modules, and goes over to the root filesystem on its disk. */
#pragma once
#include "command-line.h"

/**
 * Only an initramfs has this file: the paths of modules, one a line, in the order in which they need one another, each
 * with its parameters behind it. Empty lines, and those that begin with "#", mean nothing.
 */
#define MODULE_LIST_PATH "/etc/ovms/modules"

/** Whether this is an initramfs. */
bool is_initramfs(void);

/** Never returns: the init= of the command line takes over, below the filesystem of its root=. */
_Noreturn void leave_initramfs(const struct command_line *line, char **environment);

/** Waits until the kernel has found the disk; fails where it does not in time, unless the command line has rootwait. */
void wait_for_disk(const struct command_line *line, const char *disk);

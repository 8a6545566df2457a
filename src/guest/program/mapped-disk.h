/** A mapped disk, such as one that dm-verity checks, as dm-mod.create= describes it. */
#pragma once
#include "command-line.h"

/**
 * Makes it, where the command line asks for one: a kernel with CONFIG_DM_INIT would have by itself, and most have
 * none (Documentation/admin-guide/device-mapper/dm-init.rst).
 */
void set_up_mapped_disk(const struct command_line *line);

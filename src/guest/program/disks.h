/** Disks that drivers may yet find: they look for theirs beside this program. */
#pragma once
#include <stdbool.h>

/** Waits until the kernel has it, and says so where that takes longer than a second. False after ten, or never. */
bool disk_appears(const char *disk, bool for_ever);

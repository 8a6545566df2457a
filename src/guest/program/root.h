/** The root filesystem: writable, as it is, or with a writable layer over it. */
#pragma once
#include "settings.h"

/** As the settings want it. What is mounted before is not there after an overlay. */
void settle_root(const struct settings *settings);

/** Everything on its disk, and nothing waiting in a journal. */
void close_root(void);

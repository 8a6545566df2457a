/** The workload: this process becomes it. */
#pragma once
#include "settings.h"

/**
 * Limits, working directory, standard streams, user, environment; then the command takes the process over, as a
 * container runtime would start it. Ends with STATUS_MISSING or STATUS_REFUSED where that cannot be.
 */
_Noreturn void become_workload(const struct settings *settings);

/** Whether a descriptor is a terminal. */
bool is_terminal(int descriptor);

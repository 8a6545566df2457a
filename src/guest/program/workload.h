/** The workload: this process becomes it. */
#pragma once
#include "settings.h"

/**
 * Limits, working directory, standard streams, user, environment; then the command takes the process over, as a
 * container runtime would start it. Ends with STATUS_MISSING or STATUS_REFUSED where that cannot be.
 */
_Noreturn void become_workload(const struct settings *settings);

/** stdin, stdout and stderr are the user's then, and can be opened anew. */
void give_streams(uint32_t uid);

/** The program takes the process over. Where it cannot, the line that says so ends in `advice`. */
_Noreturn void execute(const char *path, const char **arguments, const struct words *environment,
                       const char *advice);

/** Whether a descriptor is a terminal. */
bool is_terminal(int descriptor);

/** The environment of the workload, as a container's. */
#pragma once
#include "settings.h"

/**
 * Docker's PATH, HOSTNAME and on a terminal TERM; in their places or behind them what the settings say, of several
 * values of a name the last; HOME at the end where it is not there or empty.
 */
void build_environment(const struct settings *settings, const char *home, bool terminal,
                       struct words *environment);

/** Whether two variables have one name. What has no "=" has none. */
bool same_name(const char *a, const char *b);

/** A variable's value; NULL where there is none. */
const char *variable(const struct words *environment, const char *name);

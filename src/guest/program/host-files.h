/** The machine's name, and /etc/hostname, /etc/hosts and /etc/resolv.conf, laid over the image's own. */
#pragma once
#include "network.h"

void name_machine(const char *hostname);

/** Files in memory, bound over those of the image, which stay as they are. */
void lay_over_host_files(const char *hostname, const struct network *network);

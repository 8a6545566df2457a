/** The loopback, and the address of the kernel command line's `ip=` word. */
#pragma once
#include "command-line.h"

/** What of the network goes into /etc/hosts and /etc/resolv.conf; NULL where it is not known. */
struct network {
  /** The machine's own, dotted. */
  const char *address;
  /** Of the `ip=` word. */
  const char *hostname;
  const char *name_servers[2];
};

/**
 * Brings the loopback up. Of ip=client:server:gateway:netmask:hostname:device:autoconf:dns0:dns1 (kernel,
 * Documentation/admin-guide/nfs/nfsroot.rst) everything is done that the kernel, where it knows the word, has not done.
 */
void set_up_network(const struct command_line *line, struct network *network);

/** The loopback, and the address of an `ip=` word. */
#pragma once
#include "text.h"

/** What of the network goes into /etc/hosts and /etc/resolv.conf; NULL where it is not known. */
struct network {
  /** The machine's own, dotted. */
  const char *address;
  /** Of the `ip=` word, or as a server of DHCP has it. */
  const char *hostname;
  const char *domain;
  struct words name_servers;
};

/**
 * Brings the loopback up. Of ip=client:server:gateway:netmask:hostname:device:autoconf:dns0:dns1 (kernel,
 * Documentation/admin-guide/nfs/nfsroot.rst), and of ip=dhcp, everything is done that the kernel, where it knows the
 * word, has not done. `word` is what follows "ip="; NULL for none.
 */
void set_up_network(const char *word, struct network *network);

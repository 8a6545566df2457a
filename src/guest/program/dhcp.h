/** A client of DHCP (RFC 2131, 2132): asks for an address, and asks again before that is taken away. */
#pragma once
#include "device.h"

#define DHCP_NAME_SERVERS 3
#define DHCP_ROUTES 16
/** Of a text that a server names, with the NUL. */
#define DHCP_TEXT_BYTES 256

/** What a server has granted. Fields that it left out are zero or empty. */
struct lease {
  struct address address;
  struct address mask;
  /** The ways to everywhere else, and where the server says so to networks of their own; in the server's order. */
  struct route routes[DHCP_ROUTES];
  size_t route_count;
  struct address server;
  struct address name_servers[DHCP_NAME_SERVERS];
  size_t name_server_count;
  /** Letters, digits, dots and dashes alone. */
  char hostname[DHCP_TEXT_BYTES];
  char domain[DHCP_TEXT_BYTES];
  /** MTU. */
  uint32_t packet_size;
  /** Seconds. */
  uint32_t duration;
  uint32_t renew_after;
};

/** Asks on a device that is up, and gives that what it is granted. Fails where nobody grants anything. */
void lease_address(const char *device, struct lease *lease);

/** Has a process of its own renew it, where the lease has an end. */
void keep_lease(const char *device, const struct lease *lease);

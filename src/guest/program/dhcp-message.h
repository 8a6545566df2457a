/** A message of DHCP as it is on the wire (RFC 2131, section 2), and the options in it (RFC 2132). */
#pragma once
#include "dhcp.h"

/** What every server and relay passes on (RFC 2131, section 2): 576 bytes with the headers of IP and UDP. */
#define OPTION_BYTES 308

struct dhcp_message {
  uint8_t op;
  uint8_t hardware_type;
  uint8_t hardware_length;
  uint8_t hops;
  uint32_t transaction;
  uint16_t seconds;
  uint16_t flags;
  uint8_t client[4];
  uint8_t yours[4];
  uint8_t next_server[4];
  uint8_t relay[4];
  uint8_t hardware_address[16];
  uint8_t server_name[64];
  uint8_t boot_file[128];
  uint8_t cookie[4];
  uint8_t options[OPTION_BYTES];
};

enum dhcp_type { DHCP_NONE = 0, DHCP_DISCOVER = 1, DHCP_OFFER = 2, DHCP_REQUEST = 3, DHCP_ACK = 5, DHCP_NAK = 6 };

/** A request of this type. `wanted` is the lease that is asked for, or renewed; NULL for any. */
void write_message(struct dhcp_message *message, enum dhcp_type type, const uint8_t hardware[HARDWARE_BYTES],
                   uint32_t transaction, const struct lease *wanted, bool renew);

/** What an answer of `size` bytes says; DHCP_NONE where it is none to this transaction. */
enum dhcp_type read_message(const struct dhcp_message *message, size_t size, uint32_t transaction,
                            const uint8_t hardware[HARDWARE_BYTES], struct lease *lease);

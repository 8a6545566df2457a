#include "dhcp-message.h"
#include "memory.h"
#include "system.h"

enum { BOOTREQUEST = 1, BOOTREPLY = 2, ETHERNET = 1 };

/** Codes of options (RFC 2132). */
enum option {
  PAD = 0,
  SUBNET_MASK = 1,
  ROUTER = 3,
  NAME_SERVERS = 6,
  HOST_NAME = 12,
  DOMAIN_NAME = 15,
  INTERFACE_MTU = 26,
  REQUESTED_ADDRESS = 50,
  LEASE_TIME = 51,
  MESSAGE_TYPE = 53,
  SERVER_IDENTIFIER = 54,
  PARAMETERS = 55,
  RENEWAL_TIME = 58,
  /** RFC 3442. */
  CLASSLESS_ROUTES = 121,
  END = 255,
};

static const uint8_t COOKIE[] = {99, 130, 83, 99};
/** The routes stand before the router: a server that sends one of them only sends the first (RFC 3442). */
static const uint8_t WANTED[] = {
    SUBNET_MASK, CLASSLESS_ROUTES, ROUTER, NAME_SERVERS, HOST_NAME, DOMAIN_NAME, INTERFACE_MTU,
};
/** The answer is to come as a broadcast: what has no address cannot be sent to. In the network's order. */
#define BROADCAST_FLAG 0x0080
#define LONGEST_DOMAIN 255
#define SMALLEST_MTU 576

static uint8_t *put(uint8_t *at, enum option code, const uint8_t *bytes, uint8_t size) {
  *at++ = (uint8_t)code;
  *at++ = size;
  memcpy(at, bytes, size);
  return at + size;
}

void write_message(struct dhcp_message *message, enum dhcp_type type, const uint8_t hardware[HARDWARE_BYTES],
                   uint32_t transaction, const struct lease *wanted, bool renew) {
  *message = (struct dhcp_message){
      .op = BOOTREQUEST,
      .hardware_type = ETHERNET,
      .hardware_length = HARDWARE_BYTES,
      .transaction = transaction,
      .flags = renew ? 0 : BROADCAST_FLAG,
  };
  memcpy(message->hardware_address, hardware, HARDWARE_BYTES);
  memcpy(message->cookie, COOKIE, sizeof COOKIE);
  uint8_t number = (uint8_t)type;
  uint8_t *at = put(message->options, MESSAGE_TYPE, &number, sizeof number);
  if (wanted != NULL && renew) memcpy(message->client, wanted->address.octets, 4);
  if (wanted != NULL && !renew) {
    at = put(at, REQUESTED_ADDRESS, wanted->address.octets, 4);
    at = put(at, SERVER_IDENTIFIER, wanted->server.octets, 4);
  }
  at = put(at, PARAMETERS, WANTED, sizeof WANTED);
  *at = END;
}

static uint32_t number_of(const uint8_t *bytes, size_t size) {
  uint32_t number = 0;
  for (size_t i = 0; i < size; i++) number = number << 8 | bytes[i];
  return number;
}

static void read_address(struct address *address, const uint8_t *octets) {
  *address = (struct address){.family = AF_INET};
  memcpy(address->octets, octets, 4);
}

/** What is no name stays empty: it comes from whoever answers, and goes into files. */
static void read_name(char name[DHCP_TEXT_BYTES], const uint8_t *bytes, size_t size) {
  while (size > 0 && bytes[size - 1] == '\0') size--;
  if (size > LONGEST_DOMAIN) return;
  for (size_t i = 0; i < size; i++) {
    uint8_t letter = bytes[i] | 0x20;
    bool fits = (letter >= 'a' && letter <= 'z') || (bytes[i] >= '0' && bytes[i] <= '9') || bytes[i] == '-' ||
                bytes[i] == '.';
    if (!fits) return;
  }
  memcpy(name, bytes, size);
  name[size] = '\0';
}

/** Each: the bits of a prefix, as many of its octets as have some, and a router. */
static void read_routes(struct lease *lease, const uint8_t *at, const uint8_t *end) {
  while (at < end && lease->route_count < DHCP_ROUTES) {
    unsigned bits = *at++;
    size_t octets = (bits + 7) / 8;
    if (bits > 32 || (size_t)(end - at) < octets + 4) return;
    struct route *route = &lease->routes[lease->route_count++];
    *route = (struct route){.destination = {.family = AF_INET}, .mask = prefix_mask(bits)};
    // The kernel refuses bits behind the prefix.
    for (size_t i = 0; i < octets; i++) route->destination.octets[i] = at[i] & route->mask.octets[i];
    read_address(&route->gateway, at + octets);
    at += octets + 4;
  }
}

/** Who sends routes means them in place of the router: they say it again (RFC 3442). */
static void settle_routes(struct lease *lease, const struct address *router) {
  if (lease->route_count > 0 || router->family == 0) return;
  lease->routes[lease->route_count++] = (struct route){
      .destination = {.family = AF_INET},
      .mask = prefix_mask(0),
      .gateway = *router,
  };
}

static void read_option(struct lease *lease, uint8_t code, const uint8_t *bytes, size_t size) {
  if (code == HOST_NAME) return read_name(lease->hostname, bytes, size);
  if (code == DOMAIN_NAME) return read_name(lease->domain, bytes, size);
  if (code == INTERFACE_MTU && size == 2) {
    uint32_t bytes_each = number_of(bytes, size);
    lease->packet_size = bytes_each >= SMALLEST_MTU ? bytes_each : 0;
  }
  if (size < 4) return;
  switch (code) {
    case SUBNET_MASK: return read_address(&lease->mask, bytes);
    case CLASSLESS_ROUTES: return read_routes(lease, bytes, bytes + size);
    case SERVER_IDENTIFIER: return read_address(&lease->server, bytes);
    case LEASE_TIME: lease->duration = number_of(bytes, 4); return;
    case RENEWAL_TIME: lease->renew_after = number_of(bytes, 4); return;
    case NAME_SERVERS:
      for (size_t i = 0; i + 4 <= size && lease->name_server_count < DHCP_NAME_SERVERS; i += 4) {
        read_address(&lease->name_servers[lease->name_server_count++], bytes + i);
      }
  }
}

/** An option, or a part of one. */
struct part {
  uint8_t code;
  const uint8_t *bytes;
  size_t size;
};

/** Takes the part at `at`, which then is behind it; false where there is none, or none that is whole. */
static bool next_part(const uint8_t **at, const uint8_t *end, struct part *part) {
  while (*at < end && **at == PAD) (*at)++;
  if (*at == end || **at == END || end - *at < 2 || end - *at - 2 < (*at)[1]) return false;
  *part = (struct part){.code = (*at)[0], .size = (*at)[1], .bytes = *at + 2};
  *at += 2 + part->size;
  return true;
}

/** All parts of an option behind one another, in their order, are what it says (RFC 3396). Returns their bytes. */
static size_t join_option(uint8_t joined[OPTION_BYTES], const struct part *first, const uint8_t *at,
                          const uint8_t *end) {
  size_t size = 0;
  for (struct part part = *first;;) {
    memcpy(joined + size, part.bytes, part.size);
    size += part.size;
    do {
      if (!next_part(&at, end, &part)) return size;
    } while (part.code != first->code);
  }
}

static bool is_answer(const struct dhcp_message *message, size_t size, uint32_t transaction,
                      const uint8_t hardware[HARDWARE_BYTES]) {
  if (size < offsetof(struct dhcp_message, options)) return false;
  if (message->op != BOOTREPLY || message->transaction != transaction) return false;
  for (size_t i = 0; i < sizeof COOKIE; i++) {
    if (message->cookie[i] != COOKIE[i]) return false;
  }
  for (size_t i = 0; i < HARDWARE_BYTES; i++) {
    if (message->hardware_address[i] != hardware[i]) return false;
  }
  return true;
}

enum dhcp_type read_message(const struct dhcp_message *message, size_t size, uint32_t transaction,
                            const uint8_t hardware[HARDWARE_BYTES], struct lease *lease) {
  if (!is_answer(message, size, transaction, hardware)) return DHCP_NONE;
  *lease = (struct lease){0};
  read_address(&lease->address, message->yours);
  const uint8_t *end = (const uint8_t *)message + size;
  enum dhcp_type type = DHCP_NONE;
  struct address router = {0};
  bool known[END] = {false};
  uint8_t joined[OPTION_BYTES];
  const uint8_t *at = message->options;
  for (struct part part; next_part(&at, end, &part);) {
    if (known[part.code]) continue;
    known[part.code] = true;
    size_t length = join_option(joined, &part, at, end);
    if (part.code == MESSAGE_TYPE && length >= 1) type = (enum dhcp_type)joined[0];
    if (part.code == ROUTER && length >= 4) read_address(&router, joined);
    read_option(lease, part.code, joined, length);
  }
  settle_routes(lease, &router);
  if (lease->mask.family == 0) lease->mask = usual_mask(&lease->address);
  return type;
}

#include "network.h"
#include "device.h"
#include "dhcp.h"
#include "report.h"
#include "system.h"

/** The fields of the word, in order. */
enum { CLIENT, SERVER, GATEWAY, NETMASK, HOSTNAME, DEVICE, AUTOCONF, DNS0, DNS1, FIELDS };

/** __NEW_UTS_LEN (linux/utsname.h of the kernel itself). */
#define LONGEST_HOSTNAME 64

/** What a word of one field, or the autoconf field, may be (net/ipv4/ipconfig.c): for DHCP, and for nothing. */
static const char *const DHCP_WORDS[] = {"dhcp", "on", "any", "both", NULL};
static const char *const NO_WORDS[] = {"", "off", "none", NULL};

static _Noreturn void refuse(const char *what, const char *value, long result) {
  fail("ip=: ", what, " ", value, result < 0 ? error_text(result) : "",
       "; it is ip=ADDRESS::GATEWAY:NETMASK:HOSTNAME:DEVICE:off:DNS, or ip=dhcp", NULL);
}

static struct address address_field(const char *what, const char *text) {
  struct address address;
  if (!parse_address(text, &address)) refuse(what, text, 0);
  return address;
}

static void part(const char *word, const char *fields[FIELDS]) {
  for (int i = 0; i < FIELDS; i++) fields[i] = "";
  char *text = (char *)joined(word, "", "");
  for (int i = 0; i < FIELDS; i++) {
    fields[i] = text;
    while (*text != ':' && *text != '\0') text++;
    if (*text == '\0') return;
    *text++ = '\0';
  }
}

static bool is_one_of(const char *const *words, const char *text) {
  for (; *words != NULL; words++) {
    if (same(*words, text)) return true;
  }
  return false;
}

enum request { NOTHING, BY_DHCP, STATICALLY, UNKNOWN };

static enum request request_of(const char *fields[FIELDS]) {
  const char *client = fields[CLIENT];
  if (*client >= '0' && *client <= '9') return STATICALLY;
  const char *word = *client == '\0' ? fields[AUTOCONF] : client;
  // The kernel, too, takes whatever it can where a device alone is named.
  bool names_device_alone = *word == '\0' && *fields[DEVICE] != '\0';
  if (names_device_alone || is_one_of(DHCP_WORDS, word)) return BY_DHCP;
  return is_one_of(NO_WORDS, word) ? NOTHING : UNKNOWN;
}

/** It may be the kernel's (bootp, rarp), or for another program. */
static void tell_unknown(const char *fields[FIELDS]) {
  const char *client = fields[CLIENT];
  say("ip=: '", *client == '\0' ? fields[AUTOCONF] : client, "' is neither an address nor dhcp nor off",
      "; the machine has the loopback alone", NULL);
}

static void add_field(struct words *words, const char *text) {
  if (*text != '\0') add_word(words, text);
}

static void set_statically(long socket, const char *device, const char *fields[FIELDS]) {
  struct address address = address_field("no address:", fields[CLIENT]);
  struct address mask = usual_mask(&address);
  if (*fields[NETMASK] != '\0') mask = address_field("no netmask:", fields[NETMASK]);
  long result = set_device_address(socket, device, &address, &mask);
  if (result < 0) refuse("the address cannot be set:", fields[CLIENT], result);
  if (*fields[GATEWAY] == '\0') return;
  struct route route = {
      .destination = {.family = AF_INET},
      .mask = prefix_mask(0),
      .gateway = address_field("no address for a gateway:", fields[GATEWAY]),
  };
  // With a network of its own the gateway's being elsewhere is a mistake.
  bool is_alone = same(fields[NETMASK], "255.255.255.255");
  result = (is_alone ? add_far_route : add_route)(socket, device, &route);
  if (result < 0) refuse("the gateway cannot be used:", fields[GATEWAY], result);
}

/** A server's name for the machine, as the kernel takes it: one that is too long is its first part alone, or none. */
static const char *fitting_hostname(const char *name) {
  char *fitting = (char *)joined(name, "", "");
  if (length(fitting) > LONGEST_HOSTNAME) {
    char *end = fitting;
    while (*end != '.' && *end != '\0') end++;
    *end = '\0';
  }
  return *fitting != '\0' && length(fitting) <= LONGEST_HOSTNAME ? fitting : NULL;
}

static void set_by_lease(const char *device, struct network *network) {
  struct lease lease;
  lease_address(device, &lease);
  if (network->hostname == NULL) network->hostname = fitting_hostname(lease.hostname);
  if (*lease.domain != '\0') network->domain = joined(lease.domain, "", "");
  for (size_t i = 0; i < lease.name_server_count && network->name_servers.count < DHCP_NAME_SERVERS; i++) {
    char buffer[DOTTED_BYTES];
    add_word(&network->name_servers, joined(dotted(&lease.name_servers[i], buffer), "", ""));
  }
  keep_lease(device, &lease);
}

static void configure(long socket, const char *fields[FIELDS], struct network *network) {
  enum request request = request_of(fields);
  if (request == NOTHING) return;
  const char *device = *fields[DEVICE] != '\0' ? fields[DEVICE] : first_ethernet(socket);
  struct address address;
  if (request == UNKNOWN && (device == NULL || device_address(socket, device, &address) < 0)) {
    return tell_unknown(fields);
  }
  if (*fields[HOSTNAME] != '\0') network->hostname = fields[HOSTNAME];
  add_field(&network->name_servers, fields[DNS0]);
  add_field(&network->name_servers, fields[DNS1]);
  if (device == NULL) refuse("there is no network device for", fields[CLIENT], 0);
  // The kernel, or whoever came before, may have given it one.
  if (device_address(socket, device, &address) < 0) {
    long result = bring_up(socket, device);
    if (result < 0) refuse("the device cannot be brought up:", device, result);
    if (request == BY_DHCP) {
      set_by_lease(device, network);
    } else {
      set_statically(socket, device, fields);
    }
  }
  if (device_address(socket, device, &address) < 0) return;
  char buffer[DOTTED_BYTES];
  network->address = joined(dotted(&address, buffer), "", "");
}

void set_up_network(const char *word, struct network *network) {
  *network = (struct network){0};
  long socket = open_socket();
  // A kernel without networking has nothing to set up.
  if (socket < 0) return;
  bring_up(socket, "lo");
  if (word != NULL) {
    const char *fields[FIELDS];
    part(word, fields);
    configure(socket, fields, network);
  }
  system_call(close, socket);
}

#include "network.h"
#include <linux/socket.h>
#include <linux/sockios.h>
#include "memory.h"
#include "report.h"
#include "system.h"

#define AF_INET 2
#define SOCK_DGRAM 2
#define SOCK_CLOEXEC O_CLOEXEC
#define IFNAMSIZ 16
#define IFF_UP 1
#define RTF_UP 1
#define RTF_GATEWAY 2
#define ARPHRD_ETHER 1
/** How many devices are looked at: the first Ethernet one is among them. */
#define INDEXES 64

/** struct sockaddr_in. */
struct address {
  uint16_t family;
  uint16_t port;
  /** In the network's order. */
  uint8_t octets[4];
  uint8_t padding[8];
};

/** struct ifreq (linux/if.h, which wants a library's headers). */
struct device_request {
  char name[IFNAMSIZ];
  union {
    struct address address;
    int16_t flags;
    int32_t index;
    uint64_t whole[3];
  };
};

/** struct rtentry (linux/route.h, likewise). */
struct route_request {
  uint64_t pad1;
  struct address destination;
  struct address gateway;
  struct address mask;
  uint16_t flags;
  int16_t pad2;
  uint64_t pad3;
  uint64_t pad4;
  int16_t metric;
  char *device;
  uint64_t mtu;
  uint64_t window;
  uint16_t irtt;
};

/** The fields of the word, in order. */
enum { CLIENT, SERVER, GATEWAY, NETMASK, HOSTNAME, DEVICE, AUTOCONF, DNS0, DNS1, FIELDS };

static void name_device(struct device_request *request, const char *name) {
  *request = (struct device_request){0};
  for (size_t i = 0; i < IFNAMSIZ - 1 && name[i] != '\0'; i++) request->name[i] = name[i];
}

static long bring_up(long socket, const char *device) {
  struct device_request request;
  name_device(&request, device);
  long result = system_call(ioctl, socket, SIOCGIFFLAGS, &request);
  if (result < 0) return result;
  request.flags |= IFF_UP;
  return system_call(ioctl, socket, SIOCSIFFLAGS, &request);
}

/** Dotted decimal; false for anything else. */
static bool parse_address(const char *text, struct address *address) {
  *address = (struct address){.family = AF_INET};
  for (int i = 0; i < 4; i++) {
    unsigned value = 0;
    const char *start = text;
    for (; *text >= '0' && *text <= '9' && value < 256; text++) value = value * 10 + (unsigned)(*text - '0');
    if (text == start || value > 255 || *text != (i < 3 ? '.' : '\0')) return false;
    address->octets[i] = (uint8_t)value;
    text++;
  }
  return true;
}

/** By the address's class, as the kernel has it where the word leaves the mask out (net/ipv4/ipconfig.c). */
static struct address usual_mask(const struct address *address) {
  uint8_t first = address->octets[0];
  return (struct address){
      .family = AF_INET,
      .octets = {255, first >= 128 ? 255 : 0, first >= 192 ? 255 : 0, 0},
  };
}

static const char *first_ethernet(long socket) {
  for (int index = 1; index <= INDEXES; index++) {
    struct device_request request = {.index = index};
    if (system_call(ioctl, socket, SIOCGIFNAME, &request) < 0) continue;
    const char *name = joined(request.name, "", "");
    if (system_call(ioctl, socket, SIOCGIFHWADDR, &request) == 0 && request.address.family == ARPHRD_ETHER) {
      return name;
    }
  }
  return NULL;
}

static _Noreturn void refuse(const char *what, const char *value, long result) {
  fail("ip= on the kernel command line: ", what, " ", value, result < 0 ? error_text(result) : "",
       "; it is ip=ADDRESS::GATEWAY:NETMASK:HOSTNAME:DEVICE:off:DNS", NULL);
}

static struct address address_field(const char *what, const char *text) {
  struct address address;
  if (!parse_address(text, &address)) refuse(what, text, 0);
  return address;
}

static void set_address(long socket, const char *device, unsigned long request_number,
                        const struct address *address, const char *text) {
  struct device_request request;
  name_device(&request, device);
  request.address = *address;
  long result = system_call(ioctl, socket, request_number, &request);
  if (result < 0) refuse("cannot be set:", text, result);
}

static void add_gateway(long socket, const char *device, const char *text) {
  struct route_request route = {
      .destination = {.family = AF_INET},
      .gateway = address_field("no address for a gateway:", text),
      .mask = {.family = AF_INET},
      .flags = RTF_UP | RTF_GATEWAY,
      .device = (char *)device,
  };
  long result = system_call(ioctl, socket, SIOCADDRT, &route);
  if (result < 0 && result != -EEXIST) refuse("the gateway cannot be used:", text, result);
}

/** Whether the kernel, or whoever came before, has given the device an address. */
static bool has_address(long socket, const char *device) {
  struct device_request request;
  name_device(&request, device);
  return system_call(ioctl, socket, SIOCGIFADDR, &request) == 0;
}

static void configure(long socket, const char *fields[FIELDS]) {
  const char *device = *fields[DEVICE] != '\0' ? fields[DEVICE] : first_ethernet(socket);
  if (device == NULL) refuse("there is no network device for", fields[CLIENT], 0);
  if (has_address(socket, device)) return;
  struct address address = address_field("no address:", fields[CLIENT]);
  struct address mask = usual_mask(&address);
  if (*fields[NETMASK] != '\0') mask = address_field("no netmask:", fields[NETMASK]);
  long result = bring_up(socket, device);
  if (result < 0) refuse("the device cannot be brought up:", device, result);
  set_address(socket, device, SIOCSIFADDR, &address, fields[CLIENT]);
  set_address(socket, device, SIOCSIFNETMASK, &mask, fields[NETMASK]);
  if (*fields[GATEWAY] != '\0') add_gateway(socket, device, fields[GATEWAY]);
}

static const char *or_null(const char *text) { return *text == '\0' ? NULL : text; }

void set_up_network(const struct command_line *line, struct network *network) {
  *network = (struct network){0};
  long socket = system_call(socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  // A kernel without networking has nothing to set up.
  if (socket < 0) return;
  bring_up(socket, "lo");
  const char *word = parameter(line, "ip");
  if (word != NULL) {
    const char *fields[FIELDS];
    for (int i = 0; i < FIELDS; i++) fields[i] = "";
    char *text = (char *)joined(word, "", "");
    for (int i = 0; i < FIELDS; i++) {
      fields[i] = text;
      while (*text != ':' && *text != '\0') text++;
      if (*text == '\0') break;
      *text++ = '\0';
    }
    // "ip=dhcp" and "ip=off" name no address: the first is for kernels that can (CONFIG_IP_PNP_DHCP).
    if (*fields[CLIENT] >= '0' && *fields[CLIENT] <= '9') {
      configure(socket, fields);
      network->address = fields[CLIENT];
      network->hostname = or_null(fields[HOSTNAME]);
      network->name_servers[0] = or_null(fields[DNS0]);
      network->name_servers[1] = or_null(fields[DNS1]);
    }
  }
  system_call(close, socket);
}

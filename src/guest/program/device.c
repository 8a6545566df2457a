#include "device.h"
#include <linux/sockios.h>
#include "memory.h"
#include "system.h"
#include "text.h"

#define IFNAMSIZ 16
#define IFF_UP 1
#define RTF_UP 1
#define RTF_GATEWAY 2
#define ARPHRD_ETHER 1
/** How many devices are looked at: the first Ethernet one is among them. */
#define INDEXES 64

/** struct ifreq (linux/if.h, which wants a library's headers). */
struct device_request {
  char name[IFNAMSIZ];
  union {
    struct address address;
    int16_t flags;
    int32_t number;
    struct {
      uint16_t family;
      uint8_t octets[14];
    } hardware;
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

bool parse_address(const char *text, struct address *address) {
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

const char *dotted(const struct address *address, char buffer[DOTTED_BYTES]) {
  char *to = buffer;
  for (int i = 0; i < 4; i++) {
    char digits[NUMBER_BYTES];
    if (i > 0) *to++ = '.';
    for (const char *from = number_text(address->octets[i], digits); *from != '\0';) *to++ = *from++;
  }
  *to = '\0';
  return buffer;
}

struct address usual_mask(const struct address *address) {
  uint8_t first = address->octets[0];
  return (struct address){
      .family = AF_INET,
      .octets = {255, first >= 128 ? 255 : 0, first >= 192 ? 255 : 0, 0},
  };
}

long open_socket(void) { return system_call(socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0); }

/** Of the device with this name; the rest is zero. */
static struct device_request request_for(const char *name) {
  struct device_request request = {0};
  for (size_t i = 0; i < IFNAMSIZ - 1 && name[i] != '\0'; i++) request.name[i] = name[i];
  return request;
}

const char *first_ethernet(long socket) {
  for (int index = 1; index <= INDEXES; index++) {
    struct device_request request = {.number = index};
    if (system_call(ioctl, socket, SIOCGIFNAME, &request) < 0) continue;
    const char *name = joined(request.name, "", "");
    if (system_call(ioctl, socket, SIOCGIFHWADDR, &request) < 0) continue;
    if (request.hardware.family == ARPHRD_ETHER) return name;
  }
  return NULL;
}

long bring_up(long socket, const char *device) {
  struct device_request request = request_for(device);
  long result = system_call(ioctl, socket, SIOCGIFFLAGS, &request);
  if (result < 0) return result;
  request.flags |= IFF_UP;
  return system_call(ioctl, socket, SIOCSIFFLAGS, &request);
}

long device_address(long socket, const char *device, struct address *address) {
  struct device_request request = request_for(device);
  long result = system_call(ioctl, socket, SIOCGIFADDR, &request);
  if (result == 0) *address = request.address;
  return result;
}

/** The kernel takes the mask of the class with an address: the right one comes after it. */
long set_device_address(long socket, const char *device, const struct address *address,
                        const struct address *mask) {
  struct device_request request = request_for(device);
  request.address = *address;
  long result = system_call(ioctl, socket, SIOCSIFADDR, &request);
  if (result < 0) return result;
  request.address = *mask;
  return system_call(ioctl, socket, SIOCSIFNETMASK, &request);
}

long hardware_address(long socket, const char *device, uint8_t octets[HARDWARE_BYTES]) {
  struct device_request request = request_for(device);
  long result = system_call(ioctl, socket, SIOCGIFHWADDR, &request);
  if (result == 0) memcpy(octets, request.hardware.octets, HARDWARE_BYTES);
  return result;
}

long set_packet_size(long socket, const char *device, uint32_t bytes) {
  struct device_request request = request_for(device);
  request.number = (int32_t)bytes;
  return system_call(ioctl, socket, SIOCSIFMTU, &request);
}

struct address prefix_mask(unsigned bits) {
  struct address mask = {.family = AF_INET};
  for (unsigned i = 0; i < bits; i++) mask.octets[i / 8] |= (uint8_t)(0x80 >> i % 8);
  return mask;
}

static bool is_nowhere(const struct address *address) {
  return (address->octets[0] | address->octets[1] | address->octets[2] | address->octets[3]) == 0;
}

long add_route(long socket, const char *device, const struct route *route) {
  bool direct = is_nowhere(&route->gateway);
  struct route_request request = {
      .destination = route->destination,
      .gateway = route->gateway,
      .mask = route->mask,
      .flags = RTF_UP | (direct ? 0 : RTF_GATEWAY),
      .device = (char *)device,
  };
  long result = system_call(ioctl, socket, SIOCADDRT, &request);
  return result == -EEXIST ? 0 : result;
}

long add_far_route(long socket, const char *device, const struct route *route) {
  long result = add_route(socket, device, route);
  if (result != -ENETUNREACH) return result;
  struct route to_gateway = {
      .destination = route->gateway,
      .mask = prefix_mask(32),
      .gateway = {.family = AF_INET},
  };
  result = add_route(socket, device, &to_gateway);
  return result < 0 ? result : add_route(socket, device, route);
}

/** Network devices, by their names: what ioctl(2) on any socket says and sets (netdevice(7)). IPv4 only. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AF_INET 2
#define SOCK_DGRAM 2
#define SOCK_CLOEXEC 02000000

#define HARDWARE_BYTES 6

/** struct sockaddr_in. */
struct address {
  uint16_t family;
  /** In the network's order, as the octets. */
  uint16_t port;
  uint8_t octets[4];
  uint8_t padding[8];
};

#define DOTTED_BYTES 16

/** Dotted decimal; false for anything else. */
bool parse_address(const char *text, struct address *address);
const char *dotted(const struct address *address, char buffer[DOTTED_BYTES]);

/** By the address's class, as the kernel has it where nobody says the mask (net/ipv4/ipconfig.c). */
struct address usual_mask(const struct address *address);

/** A negative errno, or a socket. */
long open_socket(void);

/** NULL where there is none. */
const char *first_ethernet(long socket);

/** All that follow: a negative errno, or 0. */
long bring_up(long socket, const char *device);
long device_address(long socket, const char *device, struct address *address);
long set_device_address(long socket, const char *device, const struct address *address,
                        const struct address *mask);
long hardware_address(long socket, const char *device, uint8_t octets[HARDWARE_BYTES]);
long set_packet_size(long socket, const char *device, uint32_t bytes);

/** Addresses that a device leads to. */
struct route {
  struct address destination;
  struct address mask;
  /** Who passes on what is for them; 0.0.0.0 where they are on the device itself. */
  struct address gateway;
};

/** That it is there already is fine. */
long add_route(long socket, const char *device, const struct route *route);

/**
 * The same, but that the gateway may be none of the device's own network: clouds give a machine a network of its address
 * alone, and the gateway is on the wire all the same.
 */
long add_far_route(long socket, const char *device, const struct route *route);

/** Of a network by its first bits, 32 at most. */
struct address prefix_mask(unsigned bits);

#include "dhcp.h"
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/socket.h>
#include <linux/time_types.h>
#include "dhcp-message.h"
#include "report.h"
#include "system.h"
#include "text.h"

#define CLOCK_MONOTONIC 1
#define SOL_SOCKET 1
#define SO_BROADCAST 6
#define SO_BINDTODEVICE 25
/** Never waits (linux/random.h). */
#define GRND_INSECURE 4
/** In the network's order. */
#define CLIENT_PORT 0x4400
#define SERVER_PORT 0x4300
/** Questions, each with twice as much time for an answer as the one before: half a minute in all. */
#define ATTEMPTS 5
#define FIRST_WAIT_MS 1000
#define FOR_EVER UINT32_MAX
/** Seconds. */
#define SHORTEST_PAUSE 1
#define MINUTE 60

/** A socket, and what all messages of one exchange have in common. */
struct client {
  long socket;
  uint8_t hardware[HARDWARE_BYTES];
  uint32_t transaction;
};

static uint64_t now_ms(void) {
  struct __kernel_timespec time = {0};
  system_call(clock_gettime, CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

/** Bound to the device, it sends and hears without an address. */
static long open_client(const char *device, struct client *client) {
  long socket = open_socket();
  if (socket < 0) return socket;
  int on = 1;
  struct address any = {.family = AF_INET, .port = CLIENT_PORT};
  long result = hardware_address(socket, device, client->hardware);
  if (result == 0) result = system_call(setsockopt, socket, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
  if (result == 0) {
    result = system_call(setsockopt, socket, SOL_SOCKET, SO_BINDTODEVICE, device, length(device) + 1);
  }
  if (result == 0) result = system_call(bind, socket, &any, sizeof any);
  if (result < 0) {
    system_call(close, socket);
    return result;
  }
  client->socket = socket;
  client->transaction = (uint32_t)now_ms();
  system_call(getrandom, &client->transaction, sizeof client->transaction, GRND_INSECURE);
  return 0;
}

static void ask(const struct client *client, enum dhcp_type type, const struct lease *wanted, bool renew) {
  struct dhcp_message message;
  write_message(&message, type, client->hardware, client->transaction, wanted, renew);
  struct address everybody = {.family = AF_INET, .port = SERVER_PORT, .octets = {255, 255, 255, 255}};
  system_call(sendto, client->socket, &message, sizeof message, 0, &everybody, sizeof everybody);
}

/** The next answer that is one of these; DHCP_NONE where none comes in time. */
static enum dhcp_type wait_for_answer(const struct client *client, uint64_t deadline, bool offer,
                                      struct lease *lease) {
  for (;;) {
    uint64_t now = now_ms();
    if (now >= deadline) return DHCP_NONE;
    struct __kernel_timespec left = {.tv_sec = (long long)((deadline - now) / 1000),
                                     .tv_nsec = (long long)((deadline - now) % 1000) * 1000000};
    struct pollfd poll = {.fd = (int)client->socket, .events = POLLIN};
    if (system_call(ppoll, &poll, 1, &left, NULL, sizeof(uint64_t)) <= 0) continue;
    struct dhcp_message message;
    long size = system_call(recvfrom, client->socket, &message, sizeof message, 0, NULL, NULL);
    if (size <= 0) continue;
    enum dhcp_type type = read_message(&message, (size_t)size, client->transaction, client->hardware, lease);
    if (offer ? type == DHCP_OFFER : type == DHCP_ACK || type == DHCP_NAK) return type;
  }
}

/** DISCOVER, OFFER, REQUEST, ACK; from the start again where one is not answered, or refused. */
static bool acquire(const struct client *client, struct lease *lease) {
  uint64_t wait = FIRST_WAIT_MS;
  for (int attempt = 0; attempt < ATTEMPTS; attempt++, wait *= 2) {
    struct lease offer;
    ask(client, DHCP_DISCOVER, NULL, false);
    if (wait_for_answer(client, now_ms() + wait, true, &offer) != DHCP_OFFER) continue;
    ask(client, DHCP_REQUEST, &offer, false);
    if (wait_for_answer(client, now_ms() + wait, false, lease) == DHCP_ACK) return true;
  }
  return false;
}

static long apply(const char *device, const struct lease *lease) {
  long socket = open_socket();
  if (socket < 0) return socket;
  // What is larger than the device can have is as good as not said.
  if (lease->packet_size != 0) set_packet_size(socket, device, lease->packet_size);
  long result = set_device_address(socket, device, &lease->address, &lease->mask);
  for (size_t i = 0; i < lease->route_count && result == 0; i++) {
    result = add_far_route(socket, device, &lease->routes[i]);
  }
  system_call(close, socket);
  return result;
}

static _Noreturn void refuse(const char *device, const char *what, long result) {
  fail("DHCP on ", device, ": ", what, result < 0 ? error_text(result) : "",
       "; give an address in its place: ip=ADDRESS::GATEWAY:NETMASK", NULL);
}

void lease_address(const char *device, struct lease *lease) {
  struct client client;
  long result = open_client(device, &client);
  if (result < 0) refuse(device, "nothing can be asked", result);
  if (!acquire(&client, lease)) refuse(device, "no server grants an address", 0);
  system_call(close, client.socket);
  result = apply(device, lease);
  if (result < 0) refuse(device, "what is granted cannot be set", result);
}

static void pause_for(uint64_t seconds) {
  struct __kernel_timespec pause = {.tv_sec = (long long)seconds};
  system_call(nanosleep, &pause, NULL);
}

/** DHCP_ACK where the server lets it be kept, as the lease then says. */
static enum dhcp_type renew(const char *device, struct lease *lease) {
  struct client client;
  if (open_client(device, &client) < 0) return DHCP_NONE;
  struct lease answer;
  ask(&client, DHCP_REQUEST, lease, true);
  enum dhcp_type type = wait_for_answer(&client, now_ms() + 2 * FIRST_WAIT_MS, false, &answer);
  system_call(close, client.socket);
  if (type == DHCP_ACK) *lease = answer;
  return type;
}

/** Another address than before, where the old one is lost: that may be somebody else's by now. */
static void start_over(const char *device, struct lease *lease) {
  say("DHCP on ", device, ": the address is not renewed; asking for another", NULL);
  for (bool granted = false; !granted;) {
    struct client client;
    if (open_client(device, &client) == 0) {
      granted = acquire(&client, lease);
      system_call(close, client.socket);
    }
    if (!granted) pause_for(MINUTE);
  }
  apply(device, lease);
}

static uint32_t renewal_of(const struct lease *lease) {
  uint32_t half = lease->duration / 2;
  uint32_t seconds = lease->renew_after > 0 && lease->renew_after < half ? lease->renew_after : half;
  return seconds > SHORTEST_PAUSE ? seconds : SHORTEST_PAUSE;
}

static _Noreturn void keep_for_ever(const char *device, struct lease lease) {
  for (;;) {
    if (lease.duration == FOR_EVER || lease.duration == 0) exit_process(0);
    uint64_t end = now_ms() + (uint64_t)lease.duration * 1000;
    uint64_t pause = renewal_of(&lease);
    for (;;) {
      pause_for(pause);
      enum dhcp_type answer = renew(device, &lease);
      if (answer == DHCP_ACK) break;
      uint64_t now = now_ms();
      if (answer == DHCP_NAK || now >= end) {
        start_over(device, &lease);
        break;
      }
      pause = (end - now) / 2000 + SHORTEST_PAUSE;
    }
  }
}

void keep_lease(const char *device, const struct lease *lease) {
  if (lease->duration == FOR_EVER || lease->duration == 0) return;
  long child = system_call(clone, SIGCHLD, 0, 0, 0, 0);
  if (child != 0) return;
  end_failures_by(exit_process);
  uint64_t none = 0;
  system_call(rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none);
  keep_for_ever(device, *lease);
}

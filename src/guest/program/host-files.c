#include "host-files.h"
#include "files.h"
#include "report.h"
#include "system.h"

/** Where the files are made: the mount is taken away again, what is bound stays. */
#define PLACE "/dev/.ovms"

/** What the kernel's own `ip=` has learnt (net/ipv4/ipconfig.c): lines as in resolv.conf, and comments. */
#define KERNELS_RESOLV_CONF "/proc/net/pnp"

void name_machine(const char *hostname) {
  long result = system_call(sethostname, hostname, length(hostname));
  if (result == 0) return;
  fail("the machine cannot be called '", hostname, "'", error_text(result),
       "; a host name has at most 64 bytes: choose one with docker2vm.hostname=", NULL);
}

static void lay_over(const char *path, const char *name, const char *text) {
  const char *source = joined(PLACE "/", name, "");
  long result = write_file(source, text, length(text));
  if (result == 0) {
    // Docker, too, makes what the image lacks. Where / is read-only there is no making: that is told below.
    long file = system_call(openat, AT_FDCWD, path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644);
    if (file >= 0) system_call(close, file);
    result = system_call(mount, source, path, NULL, MS_BIND, NULL);
  }
  if (result == 0) return;
  say(path, " stays as the image has it", error_text(result),
      "; convert with --profile init, which adds the file", NULL);
}

static const char *hosts(const char *hostname, const char *address) {
  const char *text =
      "127.0.0.1\tlocalhost\n"
      "::1\tlocalhost ip6-localhost ip6-loopback\n"
      "fe00::\tip6-localnet\n"
      "ff00::\tip6-mcastprefix\n"
      "ff02::1\tip6-allnodes\n"
      "ff02::2\tip6-allrouters\n";
  if (same(hostname, "localhost")) return text;
  // Without a network the name leads to the loopback, as Debian has it.
  const char *line = joined(address != NULL ? address : "127.0.1.1", "\t", hostname);
  return joined(text, line, "\n");
}

/** NULL where nobody has named a server: then the image's own file counts. */
static const char *resolv_conf(const struct network *network) {
  const char *text = "";
  for (int i = 0; i < 2; i++) {
    if (network->name_servers[i] == NULL) continue;
    text = joined(text, "nameserver ", joined(network->name_servers[i], "\n", ""));
  }
  if (*text != '\0') return text;
  struct bytes kernels;
  if (read_file(KERNELS_RESOLV_CONF, &kernels) < 0) return NULL;
  for (const char *at = kernels.data; *at != '\0'; at++) {
    bool begins = at == kernels.data || at[-1] == '\n';
    if (begins && after("nameserver ", at) != NULL) return kernels.data;
  }
  return NULL;
}

void lay_over_host_files(const char *hostname, const struct network *network) {
  long result = make_folders(PLACE);
  unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  if (result == 0) result = system_call(mount, "tmpfs", PLACE, "tmpfs", flags, "mode=0755");
  if (result < 0) {
    say("/etc/hosts stays as the image has it", error_text(result), "; boot a kernel with tmpfs", NULL);
    return;
  }
  lay_over("/etc/hostname", "hostname", joined(hostname, "\n", ""));
  lay_over("/etc/hosts", "hosts", hosts(hostname, network->address));
  const char *servers = resolv_conf(network);
  if (servers != NULL) lay_over("/etc/resolv.conf", "resolv.conf", servers);
  system_call(umount2, PLACE, MNT_DETACH);
  system_call(unlinkat, AT_FDCWD, PLACE, AT_REMOVEDIR);
}

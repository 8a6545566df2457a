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

/** What a dangling link leads to has no folder yet, as with systemd's below /run. */
static void make_folders_for(const char *link) {
  char target[PATH_BYTES];
  long size = system_call(readlinkat, AT_FDCWD, link, target, sizeof target - 1);
  if (size <= 0) return;
  while (size > 0 && target[size - 1] != '/') size--;
  target[size] = '\0';
  make_folders(*target == '/' ? target : joined("/etc/", target, ""));
}

static void lay_over(const char *path, const char *name, const char *text) {
  const char *source = joined(PLACE "/", name, "");
  long result = write_file(source, text, length(text));
  if (result == 0) {
    // Docker, too, makes what the image lacks. Where / is read-only there is no making: that is told below.
    long file = system_call(openat, AT_FDCWD, path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644);
    if (file == -ENOENT) {
      make_folders_for(path);
      file = system_call(openat, AT_FDCWD, path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644);
    }
    if (file >= 0) system_call(close, file);
    result = system_call(mount, source, path, NULL, MS_BIND, NULL);
  }
  if (result == 0) return;
  say(path, " stays as the image has it", error_text(result),
      "; convert with --profile init, which adds the file", NULL);
}

/** NULL where the file is not there or says nothing. */
static const char *image_hosts(void) {
  struct bytes file;
  if (read_file("/etc/hosts", &file) < 0) return NULL;
  for (size_t i = 0; i < file.size; i++) {
    if (is_blank(file.data[i])) continue;
    return file.data[file.size - 1] == '\n' ? file.data : joined(file.data, "\n", "");
  }
  return NULL;
}

static bool has_word(const char *text, const char *word) {
  for (const char *at = text; *at != '\0'; at++) {
    if (at != text && !is_blank(at[-1])) continue;
    const char *rest = after(word, at);
    if (rest != NULL && (*rest == '\0' || is_blank(*rest))) return true;
  }
  return false;
}

/** With the machine's own name, which an image cannot know; an image that has names of its own keeps them. */
static const char *hosts(const char *hostname, const char *address) {
  const char *usual =
      "127.0.0.1\tlocalhost\n"
      "::1\tlocalhost ip6-localhost ip6-loopback\n"
      "fe00::\tip6-localnet\n"
      "ff00::\tip6-mcastprefix\n"
      "ff02::1\tip6-allnodes\n"
      "ff02::2\tip6-allrouters\n";
  const char *text = image_hosts();
  if (text == NULL) text = usual;
  if (has_word(text, hostname)) return text;
  // Without a network the name leads to the loopback, as Debian has it.
  const char *line = joined(address != NULL ? address : "127.0.1.1", "\t", hostname);
  return joined(text, line, "\n");
}

/** NULL where nobody has named a server: then the image's own file counts. */
static const char *resolv_conf(const struct network *network) {
  const char *text = network->domain == NULL ? "" : joined("search ", network->domain, "\n");
  for (size_t i = 0; i < network->name_servers.count; i++) {
    text = joined(text, "nameserver ", joined(network->name_servers.items[i], "\n", ""));
  }
  if (network->name_servers.count > 0) return text;
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

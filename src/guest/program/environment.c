#include "environment.h"
#include "report.h"

/** Docker's search path, for images that set none: DefaultPathEnv in daemon/pkg/oci. */
#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/** Where the name of NAME=VALUE ends; NULL where it is none. */
static const char *name_end(const char *entry) {
  const char *end = entry;
  while (*end != '=' && *end != '\0') end++;
  return *end == '=' && end > entry ? end : NULL;
}

bool same_name(const char *a, const char *b) {
  for (; *a == *b && *a != '\0'; a++, b++) {
    if (*a == '=') return true;
  }
  return false;
}

static void set_variable(struct words *environment, const char *entry) {
  if (name_end(entry) == NULL) {
    say("'", entry, "' is no NAME=VALUE for the environment, and left out", NULL);
    return;
  }
  for (size_t i = 0; i < environment->count; i++) {
    if (!same_name(environment->items[i], entry)) continue;
    environment->items[i] = entry;
    return;
  }
  add_word(environment, entry);
}

static void drop_variable(struct words *environment, const char *name) {
  size_t kept = 0;
  for (size_t i = 0; i < environment->count; i++) {
    if (!same_name(environment->items[i], name)) environment->items[kept++] = environment->items[i];
  }
  environment->count = kept;
  environment->items[kept] = NULL;
}

const char *variable(const struct words *environment, const char *name) {
  for (size_t i = 0; i < environment->count; i++) {
    const char *rest = after(name, environment->items[i]);
    if (rest != NULL && *rest == '=') return rest + 1;
  }
  return NULL;
}

void build_environment(const struct settings *settings, const char *home, bool terminal,
                       struct words *environment) {
  *environment = (struct words){0};
  set_variable(environment, DEFAULT_PATH);
  set_variable(environment, joined("HOSTNAME=", settings->hostname, ""));
  if (terminal) set_variable(environment, "TERM=xterm");
  for (size_t i = 0; i < settings->environment.count; i++) {
    set_variable(environment, settings->environment.items[i]);
  }
  const char *given = variable(environment, "HOME");
  if (given != NULL && *given != '\0') return;
  drop_variable(environment, "HOME=");
  set_variable(environment, joined("HOME=", home, ""));
}

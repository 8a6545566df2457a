#include "exec-as.h"
#include "accounts.h"
#include "environment.h"
#include "report.h"
#include "workload.h"

static _Noreturn void refuse(void) {
  fail(EXEC_AS_NAME ": wrong arguments; " EXEC_AS_NAME
                    " UID GID[,GROUP...] [NAME=]... '' [NAME=VALUE]... '' PROGRAM ARGV0 [ARGUMENT]...",
       NULL);
}

/** Moves behind the empty argument that ends a section. */
static char **section_end(char **at) {
  while (*at != NULL && **at != '\0') at++;
  if (*at == NULL) refuse();
  return at + 1;
}

static uint32_t id_of(const char *text) {
  uint64_t id;
  if (!parse_number(text, &id) || id > UINT32_MAX) refuse();
  return (uint32_t)id;
}

static void read_identity(char **arguments, struct identity *identity) {
  if (arguments[0] == NULL || arguments[1] == NULL) refuse();
  *identity = (struct identity){.uid = id_of(arguments[0])};
  for (char *text = arguments[1]; *text != '\0';) {
    char *end = text;
    while (*end != ',' && *end != '\0') end++;
    char *next = *end == '\0' ? end : end + 1;
    *end = '\0';
    if (identity->group_count == GROUPS) refuse();
    identity->groups[identity->group_count++] = id_of(text);
    text = next;
  }
  if (identity->group_count == 0) refuse();
  identity->gid = identity->groups[0];
}

/** Whether a variable of this one's name is among those up to `end`. */
static bool is_listed(char **list, char **end, const char *variable) {
  for (; list < end; list++) {
    if (**list != '\0' && same_name(*list, variable)) return true;
  }
  return false;
}

void exec_as(char **arguments, char **environment) {
  static struct identity identity;
  read_identity(arguments, &identity);
  char **dropped = arguments + 2;
  char **added = section_end(dropped);
  char **command = section_end(added);
  if (command[0] == NULL || command[1] == NULL) refuse();
  struct words variables = {0};
  for (char **at = environment; *at != NULL; at++) {
    if (!is_listed(dropped, added, *at)) add_word(&variables, *at);
  }
  for (char **at = added; **at != '\0'; at++) {
    if (!is_listed((char **)variables.items, (char **)variables.items + variables.count, *at)) {
      add_word(&variables, *at);
    }
  }
  give_streams(identity.uid);
  become(&identity);
  execute(command[0], (const char **)command + 1, &variables, "");
}

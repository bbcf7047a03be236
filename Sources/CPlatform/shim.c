#define _GNU_SOURCE
#include "CPlatform.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

int cplatform_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

void cplatform_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

int cplatform_rename_new(const char *path, const char *new_path) {
  // 1 is RENAME_NOREPLACE. Not every C library has a function for it.
  return (int)syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, new_path, 1U);
}

#define _GNU_SOURCE
#include "CPlatform.h"

#include <pthread.h>
#include <sys/eventfd.h>

int cplatform_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

void cplatform_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

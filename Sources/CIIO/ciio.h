#ifndef CIIO_H
#define CIIO_H

// The C API of libiio 0.x (0.24 to 0.26 share it); libiio 1.0 has another.
#include <iio.h>

#include <pthread.h>

// glibc and musl declare this only under _GNU_SOURCE, which Swift's importer does not promise to set.
extern int pthread_setname_np(pthread_t thread, const char *name);

/// Names the calling thread for tools such as ps and top (at most 15 characters).
static inline void ciio_name_thread(const char *name) { (void)pthread_setname_np(pthread_self(), name); }

#endif

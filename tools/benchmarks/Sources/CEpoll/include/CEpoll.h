#ifndef CEPOLL_H
#define CEPOLL_H
// Glibc's module has no epoll(7).
#include <sys/epoll.h>
#endif

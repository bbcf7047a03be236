// What Swift cannot call in Linux's input interface: ioctl is variadic and the EVIOC* requests are macros with
// arguments (linux/input.h). Each function here makes one request and does nothing else. The layout of
// struct input_event, whose time depends on the architecture, is read here too.

#ifndef CEVDEV_H
#define CEVDEV_H

#include <stddef.h>
#include <stdint.h>

// Codes and types: plain constants, which the importer understands.
#include <linux/input-event-codes.h>

// Each returns the number of bytes written, or -1 with errno set. Names end in a zero byte if they fit.
int cevdev_get_name(int fd, uint8_t *buffer, size_t size);
int cevdev_get_physical_path(int fd, uint8_t *buffer, size_t size);
int cevdev_get_properties(int fd, uint8_t *buffer, size_t size);
int cevdev_get_event_bits(int fd, unsigned int type, uint8_t *buffer, size_t size);
int cevdev_get_key_state(int fd, uint8_t *buffer, size_t size);

// A struct input_absinfo as six 32-bit numbers: value, minimum, maximum, fuzz, flat, resolution.
// 0, or -1 with errno set.
int cevdev_get_axis(int fd, unsigned int axis, int32_t numbers[6]);

// Stamps what is read from now on with CLOCK_MONOTONIC, and empties the queue. 0, or -1 with errno set.
int cevdev_use_monotonic_clock(int fd);

struct cevdev_event {
  int64_t seconds;
  int64_t microseconds;
  uint16_t type;
  uint16_t code;
  int32_t value;
};

// The size of struct input_event on this architecture.
size_t cevdev_event_size(void);
// Reads one struct input_event from as many bytes, which need not be aligned.
struct cevdev_event cevdev_decode_event(const uint8_t *bytes);

#endif

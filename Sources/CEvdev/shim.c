#include "CEvdev.h"

#include <linux/input.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

int cevdev_get_name(int fd, uint8_t *buffer, size_t size) { return ioctl(fd, EVIOCGNAME(size), buffer); }

int cevdev_get_physical_path(int fd, uint8_t *buffer, size_t size) { return ioctl(fd, EVIOCGPHYS(size), buffer); }

int cevdev_get_properties(int fd, uint8_t *buffer, size_t size) { return ioctl(fd, EVIOCGPROP(size), buffer); }

int cevdev_get_event_bits(int fd, unsigned int type, uint8_t *buffer, size_t size) {
  return ioctl(fd, EVIOCGBIT(type, size), buffer);
}

int cevdev_get_key_state(int fd, uint8_t *buffer, size_t size) { return ioctl(fd, EVIOCGKEY(size), buffer); }

int cevdev_get_axis(int fd, unsigned int axis, int32_t numbers[6]) {
  struct input_absinfo info = {0};
  if (ioctl(fd, EVIOCGABS(axis), &info) < 0) return -1;
  numbers[0] = info.value;
  numbers[1] = info.minimum;
  numbers[2] = info.maximum;
  numbers[3] = info.fuzz;
  numbers[4] = info.flat;
  numbers[5] = info.resolution;
  return 0;
}

int cevdev_use_monotonic_clock(int fd) {
  int clock = CLOCK_MONOTONIC;
  return ioctl(fd, EVIOCSCLOCKID, &clock) < 0 ? -1 : 0;
}

size_t cevdev_event_size(void) { return sizeof(struct input_event); }

struct cevdev_event cevdev_decode_event(const uint8_t *bytes) {
  struct input_event event;
  memcpy(&event, bytes, sizeof event);
  return (struct cevdev_event){
      .seconds = (int64_t)event.input_event_sec,
      .microseconds = (int64_t)event.input_event_usec,
      .type = event.type,
      .code = event.code,
      .value = event.value,
  };
}

/* libgpiod 2.0 or newer, whose interface has nothing in common with that of version 1. Its functions are all callable from
   Swift, so nothing is added here. */
#ifndef CGPIO_SHIM_H
#define CGPIO_SHIM_H
#include <gpiod.h>
#endif

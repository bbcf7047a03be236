#ifndef CIIO_H
#define CIIO_H

// The C API of libiio 0.x (0.24 to 0.26 share it); libiio 1.0 has another.
#include <iio.h>

#endif

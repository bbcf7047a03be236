/* libsodium 1.0.18 or newer. Every macro that the Swift side needs is a plain
   constant, which the importer understands, so nothing is added here. */
#ifndef CSODIUM_SHIM_H
#define CSODIUM_SHIM_H
#include <sodium.h>
#endif

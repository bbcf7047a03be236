#ifndef CALLOCATIONS_H
#define CALLOCATIONS_H
// How many blocks this process has asked malloc(3), calloc(3), realloc(3) and their kin for.
unsigned long allocations_so_far(void);
#endif

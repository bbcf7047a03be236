// What Swift cannot call to keep a process's memory to itself: prctl is variadic (prctl(2)), and mallopt is in no
// module that Swift has of the C library.

#ifndef CPROCESS_H
#define CPROCESS_H

// PR_SET_DUMPABLE 0: no core dump, and no process of the same user may trace this one or read its /proc/PID/mem.
// 0, or -1 with errno set.
int cprocess_forbid_dumps(void);

// M_PERTURB (mallopt(3)): from now on free overwrites what it is given, but for what goes to the thread's cache.
// 0, or -1 where the C library cannot.
int cprocess_overwrite_freed_memory(void);

#endif

// What Swift cannot call to keep a process's memory to itself, and to start another process with no more than it shall
// have: prctl is variadic (prctl(2)), and the others are in no module that Swift has of the C library.

#ifndef CPROCESS_H
#define CPROCESS_H

#include <spawn.h>

// PR_SET_DUMPABLE 0: no core dump, and no process of the same user may trace this one or read its /proc/PID/mem.
// 0, or -1 with errno set.
int cprocess_forbid_dumps(void);

// M_PERTURB (mallopt(3)): from now on free overwrites what it is given, but for what goes to the thread's cache.
// 0, or -1 where the C library cannot.
int cprocess_overwrite_freed_memory(void);

// M_TRIM_THRESHOLD (mallopt(3)): so much of what was freed last is kept for the next allocations and not given back to the
// system at once, which for a program that frees and allocates buffers all the time would mean a page fault for each page.
void cprocess_keep_freed_memory(int bytes);

// malloc_trim(3): whole pages of freed memory go back to the system, wherever they lie. Nothing where the C library cannot.
void cprocess_give_back_freed_memory(void);

// pipe2 with O_CLOEXEC (pipe(2)). 0, or -1 with errno set.
int cprocess_pipe(int ends[2]);

// The new process has no descriptor from `first` on (posix_spawn_file_actions_addclosefrom_np of glibc 2.34). 0, or an
// error number: ENOSYS where the C library cannot.
int cprocess_add_close_from(posix_spawn_file_actions_t *actions, int first);

// The new process works in this directory (posix_spawn_file_actions_addchdir_np). 0, or an error number.
int cprocess_add_change_directory(posix_spawn_file_actions_t *actions, const char *path);

// environ(7), which strict concurrency does not let Swift read. NULL at its end.
char **cprocess_environment(void);

#endif

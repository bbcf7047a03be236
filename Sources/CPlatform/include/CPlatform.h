// Calls of Linux that Swift's Glibc module does not export. Each function makes one and does nothing else.

#ifndef CPLATFORM_H
#define CPLATFORM_H

// A non-blocking, close-on-exec eventfd(2), or -1 with errno set.
int cplatform_eventfd(void);

// Names the calling thread for tools such as ps and top; at most 15 characters.
void cplatform_name_thread(const char *name);

// renameat2(2) with RENAME_NOREPLACE: gives a file another name unless that is taken. 0, or -1 with errno set; ENOSYS or
// EINVAL where kernel or file system cannot.
int cplatform_rename_new(const char *path, const char *new_path);

#endif

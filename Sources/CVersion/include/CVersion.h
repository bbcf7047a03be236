// The version, with what Package.swift knows of the commit that is built.

#ifndef CVERSION_H
#define CVERSION_H

// Such as "2.0.0-dev (0123456789)", with "+" behind the digits if files were changed since; without them where this is no
// working copy of git.
const char *cversion_text(void);

#endif

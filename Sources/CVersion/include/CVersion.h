// What Package.swift knows of the commit that is built.

#ifndef CVERSION_H
#define CVERSION_H

// Ten digits of it, "+" behind them if files were changed since; empty where this is no working copy of git.
const char *cversion_commit(void);

#endif

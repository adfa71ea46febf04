/* What the operating system offers, as `doctor` shows it: looked at from outside, by asking the kernel. */
#ifndef MACHINE_H
#define MACHINE_H

#include "tool.h"

enum { MACHINE_VALUE_SIZE = 96 };

typedef struct machine_fact {
    const char *key;   /* "userfaultfd", for JSON */
    const char *label; /* "userfaultfd, write protection without a handler" */
    char value[MACHINE_VALUE_SIZE];
} machine_fact;

/* Fact number `index`, or false past the last. */
bool machine_fact_get(size_t index, machine_fact *fact);

#endif

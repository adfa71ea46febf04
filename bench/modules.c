#include "modules.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

enum { MODULE_BYTES = 1 << 16 };

typedef struct writer {
    char *text;
    size_t used, room;
} writer;

__attribute__((format(printf, 2, 3))) static void write_lua(writer *to, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(to->text + to->used, to->room - to->used, format, arguments);
    va_end(arguments);
    if (size < 0 || (size_t)size >= to->room - to->used)
        bench_fail("a module has outgrown its room");
    to->used += (size_t)size;
}

/* An article of a catalogue, what it costs, and a function that tells them apart. */
static void write_article(writer *to, unsigned module, unsigned n) {
    write_lua(to,
              "M.articles[%u] = {name = 'article %u of %u', weight = %u.5, stock = %u,\n"
              "    tags = {'t%u', 't%u', 'kind %u'}, price = {net = %u, tax = %u}}\n",
              n, n, module, n % 97, n * 7 % 1000, n % 31, n % 17, n % 5, n * 13 % 9973, n % 25);
    write_lua(to,
              "function M.price_%u(count, discount)\n"
              "    local a = M.articles[%u]\n"
              "    local sum = a.price.net * count\n"
              "    for i = 1, count do\n"
              "        if i %% %u == 0 then sum = sum - (discount or %u) end\n"
              "    end\n"
              "    return sum + sum * a.price.tax // 100, a.name .. ' * ' .. count\n"
              "end\n",
              n, n, n % 9 + 2, n % 4);
}

static char *write_module(unsigned module, size_t *size) {
    writer to = {.room = MODULE_BYTES + 2048};
    to.text = malloc(to.room);
    if (!to.text)
        bench_fail("no memory");
    write_lua(&to, "local M = {articles = {}, log = {}}\n");
    for (unsigned n = 1; to.used < MODULE_BYTES; n++)
        write_article(&to, module, n);
    write_lua(&to, "function M.note(what) M.log[#M.log + 1] = what return #M.log end\nreturn M\n");
    *size = to.used;
    return to.text;
}

const lunette_preload *bench_modules(size_t *bytes) {
    static lunette_preload modules[BENCH_MODULES];
    static char names[BENCH_MODULES][16];
    *bytes = 0;
    for (unsigned i = 0; i < BENCH_MODULES; i++) {
        snprintf(names[i], sizeof names[i], "catalogue%u", i + 1);
        modules[i] = (lunette_preload){.name = names[i]};
        modules[i].text = write_module(i + 1, &modules[i].text_size);
        *bytes += modules[i].text_size;
    }
    return modules;
}

const char bench_modules_use[] = "local sum = 0\n"
                                 "for i = 1, 16, 5 do\n"
                                 "    local m = require('catalogue' .. i)\n"
                                 "    sum = sum + m.price_7(i) + m.price_40(3) + m.note('sold')\n"
                                 "    m.articles[7].stock = m.articles[7].stock - i\n"
                                 "    sum = sum + m.articles[7].stock\n"
                                 "end\n"
                                 "return sum\n";

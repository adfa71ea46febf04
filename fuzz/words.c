/* What the grammar's programs are made of. See words.h. */
#include "words.h"

#include "lua/names.h"

enum { AT_STRICT, AT_RESTRICTED, AT_NONE };

/* The names that a restricted script has. Those of level none are asked for now and then: they must not be there. */
static const struct {
    words_name name;
    int level;
} names[] = {
#define NAME_OF(library, name, level, how, replacement, text) {{library, name}, AT_##level},
    LN_NAMES(NAME_OF)
#undef NAME_OF
    /* The harness's own. */
    {{"host", "read"}, AT_RESTRICTED},
    {{"host", "echo"}, AT_RESTRICTED},
    {{"host", "walk"}, AT_RESTRICTED},
    {{"host", "fail"}, AT_RESTRICTED},
};

static const char *const variables[] = {"a", "b", "c", "d", "s", "t", "u", "f", "g", "co", "mt", "n"};

static const char *const fields[] = {"x", "y", "n", "a", "f", "t", "__index", "__name"};

static const char *const events[] = {"__index", "__newindex", "__call", "__add",  "__sub",      "__mul",
                                     "__div",   "__mod",      "__pow",  "__unm",  "__idiv",     "__band",
                                     "__bor",   "__bxor",     "__shl",  "__shr",  "__bnot",     "__concat",
                                     "__len",   "__eq",       "__lt",   "__le",   "__tostring", "__name",
                                     "__pairs", "__close",    "__gc",   "__mode", "__metatable"};

static const char *const numbers[] = {"0",
                                      "1",
                                      "2",
                                      "3",
                                      "-1",
                                      "7",
                                      "10",
                                      "31",
                                      "32",
                                      "63",
                                      "64",
                                      "100",
                                      "127",
                                      "128",
                                      "200",
                                      "254",
                                      "255",
                                      "256",
                                      "1000",
                                      "65535",
                                      "0x7fffffff",
                                      "0x80000000",
                                      "1 << 32",
                                      "1 << 40",
                                      "1 << 53",
                                      "math.maxinteger",
                                      "math.mininteger",
                                      "-0.0",
                                      "0.5",
                                      "1.5",
                                      "2^53",
                                      "2^63",
                                      "-2^63",
                                      "1e15",
                                      "1e100",
                                      "1e308 * 10",
                                      "-1e308 * 10",
                                      "0/0",
                                      "3.0",
                                      "0x1p-1074",
                                      "0x.8p0"};

static const char *const strings[] = {"''",
                                      "'x'",
                                      "'abc'",
                                      "'a.b'",
                                      "'1'",
                                      "' 10 '",
                                      "'0x10'",
                                      "'1e1'",
                                      "'nan'",
                                      "'\\0'",
                                      "'\\0x\\255'",
                                      "'\\u{7FFFFFFF}'",
                                      "'\\u{10FFFF}'",
                                      "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'",
                                      "('x'):rep(100)",
                                      "('ab'):rep(50, '\\n')",
                                      "('x'):rep(2000)",
                                      "[[\n]]",
                                      "[==[ ]] ]==]",
                                      "'k'",
                                      "'v'",
                                      "'kv'",
                                      "'n'",
                                      "'#'",
                                      "'*a'",
                                      "'return 1'",
                                      "'%'"};

static const char *const patterns[] = {
    "'.'",
    "'.-'",
    "'.*'",
    "'^.'",
    "'%w+'",
    "'%s*'",
    "'[a-z]'",
    "'[^%z]'",
    "'[]]'",
    "'[^]'",
    "'[a-'",
    "'%'",
    "'%b()'",
    "'%bxx'",
    "'%b'",
    "'%f[%w]'",
    "'%f'",
    "'()'",
    "'()()()'",
    "'(.)%1'",
    "'%1'",
    "'(.-)%1*$'",
    "'((((.))))'",
    "'(((((((((((((((((((((((((((((((((.)))))))))))))))))))))))))))))))))'",
    "'('",
    "')'",
    "'$'",
    "'a$b'",
    "'^'",
    "'.?.?.?.?.?.?.?.?.?.?.?.?xxxx'",
    "'.-.-.-.-b$'",
    "'[%a-z%-]+'",
    "'\\0'",
    "'[\\0-\\255]*'",
    "('a?'):rep(20) .. ('a'):rep(20)",
    "('('):rep(40)",
    "('.-'):rep(30)",
    "'x*'",
    "''"};

static const char *const formats[] = {
    "'%d'",      "'%5.3d'",        "'%s'",    "'%.20s'", "'%-99.99s'", "'%q'",     "'%a'",      "'%99.99f'",
    "'%g'",      "'%e'",           "'%i'",    "'%c'",    "'%x'",       "'%#X'",    "'%o'",      "'%u'",
    "'%p'",      "'%%'",           "'%'",     "'%y'",    "'%100d'",    "'%.100f'", "'% +-#0d'", "'%s %s %s'",
    "'%s\\0%s'", "('%s'):rep(50)", "'%099d'", "'%.99f'", "'%5'",       "'%.'",     "'%ll'"};

static const char *const packs[] = {"'b'",
                                    "'<i4'",
                                    "'>I8'",
                                    "'=!4 i1 !8 i8'",
                                    "'s1'",
                                    "'s'",
                                    "'s8'",
                                    "'z'",
                                    "'z z'",
                                    "'x'",
                                    "'Xi8'",
                                    "'Xi3'",
                                    "'i16'",
                                    "'i17'",
                                    "'I0'",
                                    "'!16 Xi16'",
                                    "'d'",
                                    "'f'",
                                    "'n'",
                                    "'j'",
                                    "'T'",
                                    "'c0'",
                                    "'c10'",
                                    "'c'",
                                    "'c3000'",
                                    "'!3'",
                                    "' < > = '",
                                    "'i7I9'",
                                    "'s0'",
                                    "'c1000000000000000000000'",
                                    "('d'):rep(100)",
                                    "('x'):rep(300)"};

static const char *const dates[] = {"'*t'",           "'!*t'",       "'!%c'",   "'%Y-%m-%d'", "'%'",
                                    "'%E'",           "'%Ex'",       "'%O'",    "'%Od'",      "'%z'",
                                    "('%c'):rep(60)", "'!%H:%M:%S'", "'\\0%d'", "'%Q'"};

static const char *const operators[] = {"+",  "-", "*",  "/",   "//", "%", "^", "..", "==", "~=", "<",
                                        "<=", ">", ">=", "and", "or", "&", "|", "~",  "<<", ">>"};

static const char *const unaries[] = {"- ", "not ", "#", "~"};

static const char *const options[] = {
    "'count'", "'collect'", "'step'", "'isrunning'", "'incremental'", "'generational'",
    "'k'",     "'v'",       "'kv'",   "'t'",         "'b'",           "'bt'"};

static const char *const libraries[] = {"'string'", "'table'",   "'math'",     "'_G'",
                                        "'io'",     "'nothing'", "'coroutine'"};

static const char *const sources[] = {"'return ...'",
                                      "'a = 1'",
                                      "'return '",
                                      "'goto x ::x:: return 1'",
                                      "('a=1 '):rep(50)",
                                      "'\\27Lua'",
                                      "('('):rep(300)",
                                      "('{'):rep(250)",
                                      "'local a <const> = 1 a = 2'",
                                      "'::a:: ::a::'",
                                      "'for i=1,3 do break end'",
                                      "('local a '):rep(201)",
                                      "'return' .. ('-'):rep(250) .. '1'",
                                      "'x='",
                                      "'#!'",
                                      "'\\239\\187\\191return 1'"};

#define LIST_OF(kind, list) [kind] = {list, FUZZ_COUNT(list)},

static const struct {
    const char *const *words;
    size_t count;
} lists[] = {LIST_OF(WORDS_VARIABLES, variables) LIST_OF(WORDS_FIELDS, fields) LIST_OF(WORDS_EVENTS, events)
                 LIST_OF(WORDS_NUMBERS, numbers) LIST_OF(WORDS_STRINGS, strings)
                     LIST_OF(WORDS_PATTERNS, patterns) LIST_OF(WORDS_FORMATS, formats)
                         LIST_OF(WORDS_PACKS, packs) LIST_OF(WORDS_DATES, dates)
                             LIST_OF(WORDS_OPERATORS, operators) LIST_OF(WORDS_UNARIES, unaries)
                                 LIST_OF(WORDS_OPTIONS, options) LIST_OF(WORDS_LIBRARIES, libraries)
                                     LIST_OF(WORDS_SOURCES, sources)};

const char *words_pick(words kind, dice *by) {
    return lists[kind].words[dice_below(by, lists[kind].count)];
}

const words_name *words_pick_name(dice *by) {
    size_t which = dice_below(by, FUZZ_COUNT(names));
    while (names[which].level == AT_NONE && !dice_once_in(by, 200))
        which = dice_below(by, FUZZ_COUNT(names));
    return &names[which].name;
}

/* The table of names in docs/sandbox.md is what `lunette names` prints, line for line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "spawn.h"

static const char *document;

static char *read_all(const char *path) {
    enum { MOST = 1 << 20 };
    FILE *file = fopen(path, "rb");
    char *made = calloc(1, MOST + 1);
    if (file == NULL || made == NULL || fread(made, 1, MOST, file) == 0)
        fail_msg("%s cannot be read", path);
    fclose(file);
    return made;
}

static void test_document(void **state) {
    (void)state;
    char *text = read_all(document);
    outcome table = spawn_tool((const char *const[]){"names", NULL}, NULL);
    assert_int_equal(table.status, 0);
    assert_true(table.out_size > 1000);
    if (strstr(text, table.out) == NULL)
        fail_msg("the table in %s is not the tool's: put in what `lunette names` prints", document);
    outcome_free(&table);
    free(text);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_document)};
    if (argc < 3 || (document = realpath(argv[2], NULL)) == NULL || spawn_setup(argc, argv) != 0) {
        fprintf(stderr, "usage: %s PATH-OF-THE-TOOL PATH-OF-THE-DOCUMENT\n", argv[0]);
        return 1;
    }
    const int failed = cmocka_run_group_tests_name("tool, names", tests, NULL, NULL);
    spawn_finish();
    return failed;
}

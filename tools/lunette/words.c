/* Words to complete. See words.h. */
#include "words.h"

#include <stdlib.h>
#include <string.h>

#include "pretty.h"
#include "text.h"

enum { WORDS_MOST = 4096, WORD_LONGEST = 128 };

static char **words;
static size_t word_count;

bool words_byte(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           byte == '_' || byte == '.';
}

static void add_word(const char *bytes, size_t size) {
    if (word_count == WORDS_MOST || size < 2 || size > WORD_LONGEST)
        return;
    for (size_t i = 0; i < word_count; i++)
        if (strlen(words[i]) == size && memcmp(words[i], bytes, size) == 0)
            return;
    char **more = realloc(words, (word_count + 1) * sizeof *words);
    if (more == NULL)
        return;
    words = more;
    if ((words[word_count] = strndup(bytes, size)) != NULL)
        word_count++;
}

static bool in_level(lunette_sandbox has, lunette_sandbox level) {
    return level == LUNETTE_SANDBOX_NONE || has == LUNETTE_SANDBOX_STRICT || has == level;
}

void words_start(lunette_sandbox level) {
    for (const char *const *word = pretty_reserved; *word != NULL; word++)
        add_word(*word, strlen(*word));
    const lunette_name *name;
    for (size_t i = 0; (name = lunette_sandbox_name(i)) != NULL; i++) {
        if (!in_level(name->level, level))
            continue;
        text full = {0};
        text_add_format(&full, "%s%s%s", name->library, name->library[0] != '\0' ? "." : "", name->name);
        if (!full.failed)
            add_word(full.bytes, full.size);
        text_free(&full);
    }
}

void words_learn(const char *entry) {
    while (*entry != '\0') {
        size_t size = 0;
        while (words_byte(entry[size]))
            size++;
        if (size > 0 && !(entry[0] >= '0' && entry[0] <= '9'))
            add_word(entry, size);
        entry += size > 0 ? size : 1;
    }
}

void words_stop(void) {
    for (size_t i = 0; i < word_count; i++)
        free(words[i]);
    free(words);
    words = NULL;
    word_count = 0;
}

const char *words_next(const char *prefix, size_t *from) {
    const size_t size = strlen(prefix);
    while (*from < word_count) {
        const char *word = words[(*from)++];
        if (strncmp(word, prefix, size) == 0)
            return word;
    }
    return NULL;
}

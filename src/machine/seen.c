#include "machine/seen.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"

enum { BUCKETS = 1024, SEEN = 4096 };

typedef struct entry {
    struct entry *chain;         /* of the bucket */
    struct entry *newer, *older; /* of the clock, a ring */
    uint64_t hash;
    ln_code *code; /* which knows text and name */
    size_t bytes;  /* that this entry counts for */
} entry;

struct ln_seen {
    uint64_t seed;
    size_t limit;
    _Atomic(uint64_t) seen[SEEN]; /* hashes of texts that came once */
    pthread_mutex_t lock;         /* of all below */
    entry *buckets[BUCKETS];
    entry *hand;
    size_t bytes;
};

/* --- Keys --- */

/* The halves of a product, folded. */
static uint64_t fold(uint64_t a, uint64_t b) {
#ifdef __SIZEOF_INT128__
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
    uint64_t low = (a & UINT32_MAX) * (b & UINT32_MAX);
    uint64_t cross = (a >> 32) * (b & UINT32_MAX) + (low >> 32);
    uint64_t other = (a & UINT32_MAX) * (b >> 32) + (cross & UINT32_MAX);
    uint64_t high = (a >> 32) * (b >> 32) + (cross >> 32) + (other >> 32);
    return (other << 32 | (low & UINT32_MAX)) ^ high;
#endif
}

static uint64_t mix(uint64_t a, uint64_t b) {
    return fold(a ^ 0x9E3779B97F4A7C15u, b ^ 0xD6E8FEB86659FD93u);
}

/* Up to eight bytes as a word, without a call. */
static uint64_t tail_of(const char *bytes, size_t size) {
    uint64_t word = 0;
    for (size_t i = 0; i < size; i++)
        word |= (uint64_t)(unsigned char)bytes[i] << 8 * i;
    return word;
}

/* A multiplicative hash of words, the product's halves folded; the seed keeps others from choosing texts that all
 * fall into one bucket. The last word overlaps the one before. */
static uint64_t hash_bytes(uint64_t hash, const char *bytes, size_t size) {
    uint64_t word;
    if (size < sizeof word)
        return mix(hash ^ tail_of(bytes, size), hash + size + 1);
    const char *last = bytes + size - sizeof word;
    for (; bytes < last; bytes += sizeof word) {
        memcpy(&word, bytes, sizeof word);
        hash = mix(hash ^ word, hash + size);
    }
    memcpy(&word, last, sizeof word);
    return mix(hash ^ word, hash + size + 1);
}

bool ln_seen_key_make(const ln_seen *cache, const char *name, const char *text, size_t size,
                      ln_seen_key *key) {
    if (size > cache->limit / 8)
        return false;
    uint64_t hash = hash_bytes(hash_bytes(cache->seed, text, size), name, strlen(name));
    *key = (ln_seen_key){.name = name, .text = text, .size = size, .hash = hash | 1};
    return true;
}

static bool is_entry_of(const entry *e, const ln_seen_key *key) {
    return e->hash == key->hash && ln_code_is_of(e->code, key->name, key->text, key->size);
}

/* --- Opening and closing --- */

lunette_status ln_seen_open(size_t bytes, ln_seen **out) {
    ln_seen *cache = calloc(1, sizeof *cache);
    *out = NULL;
    if (!cache)
        return LUNETTE_NO_MEMORY;
    if (pthread_mutex_init(&cache->lock, NULL) != 0) {
        free(cache);
        return LUNETTE_NO_MEMORY;
    }
    cache->limit = bytes;
    ln_os_random(&cache->seed, sizeof cache->seed);
    *out = cache;
    return LUNETTE_OK;
}

static void unlink_from_bucket(ln_seen *cache, const entry *e) {
    entry **at = &cache->buckets[e->hash / 2 % BUCKETS];
    while (*at != e)
        at = &(*at)->chain;
    *at = e->chain;
}

static void destroy(ln_seen *cache, entry *e) {
    unlink_from_bucket(cache, e);
    if (e->newer == e)
        cache->hand = NULL;
    else if (cache->hand == e)
        cache->hand = e->newer;
    e->newer->older = e->older;
    e->older->newer = e->newer;
    cache->bytes -= e->bytes;
    atomic_store_explicit(&e->code->listed, false, memory_order_relaxed);
    ln_code_release(&e->code);
    free(e);
}

void ln_seen_close(ln_seen **out) {
    ln_seen *cache = *out;
    if (!cache)
        return;
    while (cache->hand)
        destroy(cache, cache->hand);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
    *out = NULL;
}

/* --- Finding and adding. The lock is held in the functions whose name ends in _locked. --- */

static entry *find_locked(const ln_seen *cache, const ln_seen_key *key) {
    entry *e = cache->buckets[key->hash / 2 % BUCKETS];
    while (e && !is_entry_of(e, key))
        e = e->chain;
    return e;
}

ln_code *ln_seen_find(ln_seen *cache, const ln_seen_key *key, bool *again) {
    ln_code *code = NULL;
    pthread_mutex_lock(&cache->lock);
    entry *e = find_locked(cache, key);
    if (e) {
        code = e->code;
        atomic_store_explicit(&code->wanted, true, memory_order_relaxed);
        ln_code_retain(code);
    }
    pthread_mutex_unlock(&cache->lock);
    *again = false;
    if (!code) {
        _Atomic(uint64_t) *mark = &cache->seen[key->hash / 2 % SEEN];
        *again = atomic_exchange_explicit(mark, key->hash, memory_order_relaxed) == key->hash;
    }
    return code;
}

/* The hand goes round: who was asked for since it last passed stays once more. */
static void make_room_locked(ln_seen *cache, size_t bytes) {
    while (cache->hand && cache->bytes + bytes > cache->limit) {
        entry *e = cache->hand;
        if (atomic_exchange_explicit(&e->code->wanted, false, memory_order_relaxed))
            cache->hand = e->newer;
        else
            destroy(cache, e);
    }
}

static void insert_locked(ln_seen *cache, entry *e) {
    entry **bucket = &cache->buckets[e->hash / 2 % BUCKETS];
    e->chain = *bucket;
    *bucket = e;
    if (cache->hand) {
        e->newer = cache->hand;
        e->older = cache->hand->older;
        e->older->newer = e;
        e->newer->older = e;
    } else {
        e->newer = e->older = cache->hand = e;
    }
    cache->bytes += e->bytes;
}

/* The same code may be there already, under this key: a second thread's. */
void ln_seen_add(ln_seen *cache, const ln_seen_key *key, ln_code *code) {
    size_t bytes = sizeof(entry) + key->size + strlen(key->name) + 1 + sizeof *code + code->room;
    if (bytes > cache->limit / 4 || !ln_code_note_source(code, key->name, key->text, key->size))
        return;
    entry *e = malloc(sizeof *e);
    if (!e)
        return;
    *e = (entry){.hash = key->hash, .code = code, .bytes = bytes};
    pthread_mutex_lock(&cache->lock);
    bool there = find_locked(cache, key) != NULL;
    if (!there) {
        ln_code_retain(code);
        atomic_store_explicit(&code->listed, true, memory_order_relaxed);
        make_room_locked(cache, bytes);
        insert_locked(cache, e);
    }
    pthread_mutex_unlock(&cache->lock);
    if (there)
        free(e);
}

/* Who has grown past what is allowed goes as others do, when the hand comes by. */
void ln_seen_grow(ln_seen *cache, const ln_code *code, size_t bytes) {
    ln_seen_key key;
    if (!cache || !code->source ||
        !ln_seen_key_make(cache, code->source + code->source_size, code->source, code->source_size, &key))
        return;
    pthread_mutex_lock(&cache->lock);
    entry *e = find_locked(cache, &key);
    if (e && e->code == code) {
        e->bytes += bytes;
        cache->bytes += bytes;
        make_room_locked(cache, 0);
    }
    pthread_mutex_unlock(&cache->lock);
}

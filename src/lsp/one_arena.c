/*
 * All threads share one arena of glibc's allocator.
 *
 * Trees are made on one thread and given back on another. With an arena for each thread, which is
 * the default, both keep what the other gave back: after a few hundred documents a session held
 * twice the memory that it used. Setting the environment and starting again would do as well, and
 * costs two milliseconds at every start.
 */
#include <malloc.h>

__attribute__((constructor)) static void keep_to_one_arena(void) {
    mallopt(M_ARENA_MAX, 1);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The main of a fuzz target that is not linked with libFuzzer: runs each file named as an argument once, in a heap
 * block of exactly its size, so that a sanitizer or valgrind sees a read past its end. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

static int replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    long size = -1;
    int ok = 0;

    if (file && fseek(file, 0, SEEK_END) == 0)
        size = ftell(file);
    if (size >= 0 && fseek(file, 0, SEEK_SET) == 0)
        data = malloc(size > 0 ? (size_t)size : 1);
    if (data && fread(data, 1, (size_t)size, file) == (size_t)size) {
        LLVMFuzzerTestOneInput(data, (size_t)size);
        ok = 1;
    } else {
        perror(path);
    }
    free(data);
    if (file)
        fclose(file);
    return ok;
}

int main(int argc, char **argv)
{
    int faults = 0;

    if (LLVMFuzzerInitialize)
        LLVMFuzzerInitialize(&argc, &argv);
    for (int i = 1; i < argc; i++)
        faults += !replay(argv[i]);
    printf("%d inputs, %d unreadable\n", argc - 1, faults);
    return faults ? 1 : 0;
}

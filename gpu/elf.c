/* SPDX-License-Identifier: Apache-2.0 */
#include "gpu/elf.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct file {
    const char *path;
    int fd;
    uint64_t size_bytes;
    ElfW(Ehdr) header;
};

/* The header of this program itself, put there by the linker. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

static int fail(const struct file *file, const char *reason, struct mcb_error *error)
{
    return mcb_error_set(error, MCB_FAULT_GPU_MODULE, "%.300s: does not load: %s", file->path,
                         reason);
}

static int fail_cut_off(const struct file *file, struct mcb_error *error)
{
    return mcb_error_set(error, MCB_FAULT_GPU_MODULE,
                         "%.300s: does not load: it is cut off after %llu bytes; copy it again",
                         file->path, (unsigned long long)file->size_bytes);
}

static bool read_at(const struct file *file, uint64_t offset, void *to, size_t bytes)
{
    return offset <= file->size_bytes && bytes <= file->size_bytes - offset &&
           pread(file->fd, to, bytes, (off_t)offset) == (ssize_t)bytes;
}

static int read_header(struct file *file, struct mcb_error *error)
{
    const ElfW(Ehdr) *own = &__ehdr_start, *header = &file->header;
    if (!read_at(file, 0, &file->header, sizeof file->header) ||
        memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
        return fail(file, "no shared object (it has no ELF header)", error);
    if (header->e_ident[EI_CLASS] != own->e_ident[EI_CLASS] ||
        header->e_ident[EI_DATA] != own->e_ident[EI_DATA] || header->e_machine != own->e_machine)
        return fail(file, "made for another kind of processor than this mcbench", error);
    if (header->e_phentsize != sizeof(ElfW(Phdr)))
        return fail(file, "its ELF header is damaged", error);
    return 0;
}

static int check_segments(const struct file *file, struct mcb_error *error)
{
    ElfW(Phdr) segment;
    for (unsigned n = 0; n < file->header.e_phnum; n++) {
        if (!read_at(file, file->header.e_phoff + n * sizeof segment, &segment, sizeof segment))
            return fail_cut_off(file, error);
        if (segment.p_type == PT_LOAD && (segment.p_offset > file->size_bytes ||
                                          segment.p_filesz > file->size_bytes - segment.p_offset))
            return fail_cut_off(file, error);
    }
    return 0;
}

/* stat(2) before open(2): to open a device may do something to it. O_NONBLOCK: a pipe may have
 * taken the file's place since. */
static int open_file(struct file *file, struct mcb_error *error)
{
    struct stat status;
    if (stat(file->path, &status) != 0)
        return fail(file, strerror(errno), error);
    if (!S_ISREG(status.st_mode))
        return fail(file, "not a regular file", error);
    file->size_bytes = (uint64_t)status.st_size;
    file->fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    return file->fd < 0 ? fail(file, strerror(errno), error) : 0;
}

int mcb_elf_check_file(const char *path, struct mcb_error *error)
{
    struct file file = {.path = path};
    if (open_file(&file, error) != 0)
        return -1;
    int result = read_header(&file, error);
    if (result == 0)
        result = check_segments(&file, error);
    close(file.fd);
    return result;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/topology/topology_xml.h"

#include <errno.h>
#include <fcntl.h>
#include <hwloc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRITE_IT_SO "write one with: lstopo --whole-io FILE.xml"

enum { FIRST_BYTES = 256 << 10, ELEMENT_NAME_MOST = 32, FORMAT_DIGITS_MOST = 3 };

static int complain(struct mcb_error *error, const char *path, const char *what)
{
    return mcb_error_set(error, MCB_FAULT_USE_TOPOLOGY, "%s: %s", path, what);
}

/* ---- reading ---- */

/* O_NONBLOCK: a FIFO without a writer would be waited for. */
static int open_regular(const char *path, int *out, struct mcb_error *error)
{
    struct stat facts;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return complain(error, path, strerror(errno));
    if (fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) {
        close(fd);
        return complain(error, path, "not a regular file; " WRITE_IT_SO);
    }
    *out = fd;
    return 0;
}

/* Up to one byte more than is allowed, by which a file that is too large is known: its size may be
 * said wrongly (/proc), or change. */
static int read_all(int fd, const char *path, char **out, size_t *out_length,
                    struct mcb_error *error)
{
    char *text = NULL;
    size_t length = 0, room = 0;
    ssize_t got = 1;
    while (got > 0 && length <= MCB_TOPOLOGY_XML_MOST_BYTES) {
        if (length == room) {
            room = room ? room * 2 : FIRST_BYTES;
            char *larger = realloc(text, room + 1);
            if (!larger) {
                free(text);
                return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "%s: %zu bytes", path, room);
            }
            text = larger;
        }
        got = read(fd, text + length, room - length);
        length += got > 0 ? (size_t)got : 0;
    }
    int reason = errno;
    if (got >= 0 && length <= MCB_TOPOLOGY_XML_MOST_BYTES) {
        text[length] = '\0';
        *out = text;
        *out_length = length;
        return 0;
    }
    free(text);
    return complain(error, path,
                    got < 0 ? strerror(reason)
                            : "larger than 16 MiB; the largest hosts take a tenth of that");
}

/* ---- what hwloc would not say, or not survive ---- */

/* In an attribute "<" may not stand, so every "<!--" is a comment. False: one has no end. */
static bool drop_comments(char *text, size_t *length)
{
    char *from = text, *to = text, *comment;
    while ((comment = strstr(from, "<!--")) != NULL) {
        char *end = strstr(comment + 4, "-->");
        if (!end)
            return false;
        memmove(to, from, (size_t)(comment - from));
        to += comment - from;
        from = end + 3;
    }
    size_t rest = *length - (size_t)(from - text);
    memmove(to, from, rest + 1);
    *length = (size_t)(to - text) + rest;
    return true;
}

/* After the byte order mark, <?xml ...?> and <!DOCTYPE ...>; NULL: there is none. */
static char *find_root(char *text)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    if (strncmp(text, byte_order_mark, 3) == 0)
        text += 3;
    for (;;) {
        text += strspn(text, " \t\r\n");
        if (*text != '<')
            return NULL;
        if (text[1] != '?' && text[1] != '!')
            return text;
        text = strchr(text, '>');
        if (!text)
            return NULL;
        text++;
    }
}

static bool ends_with_root(const char *text, size_t length)
{
    static const char end[] = "</topology>";
    while (length > 0 && strchr(" \t\r\n", text[length - 1]))
        length--;
    return length >= strlen(end) && strncmp(text + length - strlen(end), end, strlen(end)) == 0;
}

/* An attribute: `name="value"` or with ', with white space around the =. */
struct attribute {
    const char *name, *value;
    size_t name_length, value_length;
};

/* Takes the next attribute of a tag. Returns what follows it; NULL: there is none, or none that is
 * whole. */
static const char *next_attribute(const char *at, struct attribute *attribute)
{
    static const char space[] = " \t\r\n";
    attribute->name = at + strspn(at, space);
    attribute->name_length = strcspn(attribute->name, " \t\r\n=/><\"'");
    at = attribute->name + attribute->name_length;
    at += strspn(at, space);
    if (attribute->name_length == 0 || *at != '=')
        return NULL;
    at++;
    at += strspn(at, space);
    const char *end = *at == '"' || *at == '\'' ? strchr(at + 1, *at) : NULL;
    if (!end)
        return NULL;
    attribute->value = at + 1;
    attribute->value_length = (size_t)(end - attribute->value);
    return end + 1;
}

/* "2.0" to 2; -1 for what is no version. */
static int parse_format(const char *value, size_t length)
{
    int format = 0;
    size_t digits = 0;
    while (digits < length && value[digits] >= '0' && value[digits] <= '9' &&
           digits < FORMAT_DIGITS_MOST)
        format = format * 10 + value[digits++] - '0';
    return digits > 0 && (digits == length || value[digits] == '.') ? format : -1;
}

/* The major number of the version attribute of <topology ...>; 1 if it has none, as with hwloc 1;
 * -1: not understood. */
static int format_of(const char *root)
{
    static const char name[] = "version";
    const char *at = root + strlen("<topology");
    struct attribute attribute;
    while ((at = next_attribute(at, &attribute)) != NULL)
        if (attribute.name_length == strlen(name) &&
            memcmp(attribute.name, name, strlen(name)) == 0)
            return parse_format(attribute.value, attribute.value_length);
    return 1;
}

static int check_format(const char *path, const char *root, struct mcb_error *error)
{
    int own = HWLOC_API_VERSION >> 16, format = format_of(root);
    if (format < 0)
        return complain(error, path,
                        "version not understood: hwloc writes <topology version=\"2.0\"> or the "
                        "like; " WRITE_IT_SO);
    if (format <= 1)
        return mcb_error_set(error, MCB_FAULT_USE_TOPOLOGY,
                             "%s: written by hwloc 1.x, this mcbench has hwloc %d; write it anew "
                             "with hwloc 2, or convert it with lstopo of hwloc 2: lstopo "
                             "--whole-io -i %s NEW.xml",
                             path, own, path);
    if (format > own)
        return mcb_error_set(error, MCB_FAULT_USE_TOPOLOGY,
                             "%s: written by hwloc %d.x, this mcbench has hwloc %d; write it "
                             "there in the older format: lstopo --whole-io --export-xml-flags v2 "
                             "FILE.xml",
                             path, format, own);
    return 0;
}

static int check_root(const char *path, const char *root, size_t length, struct mcb_error *error)
{
    char name[ELEMENT_NAME_MOST + 1];
    size_t name_length = strcspn(root + 1, " \t\r\n/>");
    if (name_length > ELEMENT_NAME_MOST)
        name_length = ELEMENT_NAME_MOST;
    memcpy(name, root + 1, name_length);
    name[name_length] = '\0';
    if (strcmp(name, "topology") != 0)
        return mcb_error_set(error, MCB_FAULT_USE_TOPOLOGY,
                             "%s: its root element is <%s>, hwloc's is <topology>; " WRITE_IT_SO,
                             path, name);
    if (!ends_with_root(root, length))
        return complain(error, path, "cut short: it does not end with </topology>");
    return check_format(path, root, error);
}

static int prepare(const char *path, char *text, size_t *length, struct mcb_error *error)
{
    if (*length == 0)
        return complain(error, path, "empty");
    if (memchr(text, '\0', *length))
        return complain(error, path, "not XML; " WRITE_IT_SO);
    if (!drop_comments(text, length))
        return complain(error, path, "cut short: a comment does not end");
    if (strstr(text, "<!ENTITY"))
        return complain(error, path, "declares XML entities, which hwloc never does");
    char *root = find_root(text);
    if (!root)
        return complain(error, path, "not XML; " WRITE_IT_SO);
    size_t left = *length - (size_t)(root - text);
    if (check_root(path, root, left, error) != 0)
        return -1;
    memmove(text, root, left + 1);
    *length = left;
    return 0;
}

int mcb_topology_xml_read(const char *path, char **text, size_t *length, struct mcb_error *error)
{
    int fd;
    char *read_text;
    size_t read_length;
    if (open_regular(path, &fd, error) != 0)
        return -1;
    int status = read_all(fd, path, &read_text, &read_length, error);
    close(fd);
    if (status != 0)
        return -1;
    if (prepare(path, read_text, &read_length, error) != 0) {
        free(read_text);
        return -1;
    }
    *text = read_text;
    *length = read_length;
    return 0;
}

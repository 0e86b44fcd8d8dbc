# SPDX-License-Identifier: Apache-2.0
# Writes OUTPUT, the C source of bench/report/embedded.h, from FILES (names separated by ";"): run by the build with cmake -P.
set(tables "")
set(rows "")
set(number 0)
foreach(file ${FILES})
  get_filename_component(name ${file} NAME)
  file(READ ${file} bytes HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(APPEND tables "static const char file_${number}[] = {${bytes}0};\n")
  string(APPEND rows "    {\"${name}\", file_${number}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT} "/* Made by scripts/embed.cmake. */
#include \"bench/report/embedded.h\"

#include <stddef.h>
#include <string.h>

${tables}
static const struct {
    const char *name, *text;
} files[] = {
${rows}};

const char *mcb_embedded_text(const char *name)
{
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (strcmp(files[i].name, name) == 0)
            return files[i].text;
    return NULL;
}
")

# SPDX-License-Identifier: Apache-2.0
# queries.sql → queries.h: one row USM__STMT(NAME, "text for SQLite", "text for MariaDB") per statement.
function flush()
{
    if (name == "")
        return
    for (d = 1; d <= 2; d++) {
        if (text[d] == "")
            text[d] = text[0]
        if (text[d] == "" || (text[0] != "" && text[d] != text[0])) {
            print "queries.awk: statement " name " needs one text, or one for each database" > "/dev/stderr"
            status = 1
        }
    }
    printf "USM__STMT(%s,\n%s,\n%s)\n", name, text[1], text[2]
}
BEGIN {
    status = 0
    name = ""
    find = "?"
    for (i = 1; i < 128; i++)
        find = find ", ?"
    print "/* SPDX-License-Identifier: Apache-2.0 */"
    print "#define USM__FIND 128 /* ids that a statement looks for at a time */"
    print "/* Made from queries.sql. Rows: USM__STMT(name, sqlite, mariadb). No include guard. */"
}
/^-- STMT_[A-Z0-9_]+$/ {
    flush()
    name = substr($2, 6)
    if (name in seen) {
        print "queries.awk: statement " name " is there twice" > "/dev/stderr"
        status = 1
    }
    seen[name] = 1
    dialect = 0
    text[0] = text[1] = text[2] = ""
    next
}
/^-- sqlite$/ { dialect = 1; next }
/^-- mariadb$/ { dialect = 2; next }
/^--/ || /^[ \t]*$/ { next }
{
    line = $0
    sub(/@FIND@/, find, line)
    sub(/[ \t;]+$/, "", line)
    gsub(/\\/, "\\\\", line)
    gsub(/"/, "\\\"", line)
    text[dialect] = text[dialect] (text[dialect] == "" ? "    \"" : "\n    \" ") line "\""
}
END {
    flush()
    exit status
}

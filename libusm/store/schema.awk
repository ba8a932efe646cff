# SPDX-License-Identifier: Apache-2.0
# usm.sqlite.sql usm.mariadb.sql upgrade/NNNN-*.sql → schema.h: the statements of each database, and the upgrades.
# In an upgrade "-- sqlite", "-- mariadb" and "-- both" say for which database the statements below are.
function finish()
{
    if (statement != "") {
        print "schema.awk: " file ": the last statement has no semicolon" > "/dev/stderr"
        status = 1
    }
    statement = ""
}
function row(d, s)
{
    if (upgrade)
        steps = steps "    {" upgrade ", " names[d] ",\n" s "},\n"
    else
        create[d] = create[d] s ",\n"
}
BEGIN {
    status = 0
    names[1] = "USM__SQLITE"
    names[2] = "USM__MARIADB"
    version = 0
}
FNR == 1 {
    finish()
    file = FILENAME
    sub(/.*\//, "", file)
    upgrade = 0
    dialect = file == "usm.sqlite.sql" ? 1 : file == "usm.mariadb.sql" ? 2 : 0
    if (!dialect) {
        if (file !~ /^[0-9][0-9][0-9][0-9]-/) {
            print "schema.awk: " file ": an upgrade's name starts with its version in four digits" > "/dev/stderr"
            status = 1
        }
        upgrade = substr(file, 1, 4) + 0
    }
}
upgrade && /^-- (sqlite|mariadb|both)$/ { dialect = $2 == "sqlite" ? 1 : $2 == "mariadb" ? 2 : 0; next }
/^--/ || /^[ \t]*$/ { next }
{
    line = $0
    sub(/[ \t]+$/, "", line)
    ends = sub(/;$/, "", line)
    if (!upgrade && match(line, /^REPLACE INTO usm_schema .*\(1, [0-9]+\)$/)) {
        number = line
        sub(/.*\(1, /, "", number)
        if (version && version != number + 0) {
            print "schema.awk: the two schemas have different versions" > "/dev/stderr"
            status = 1
        }
        version = number + 0
    }
    gsub(/\\/, "\\\\", line)
    gsub(/"/, "\\\"", line)
    sub(/^[ \t]+/, "", line)
    statement = statement (statement == "" ? "    \"" : "\n    \" ") line "\""
    if (ends) {
        if (dialect)
            row(dialect, statement)
        else {
            row(1, statement)
            row(2, statement)
        }
        statement = ""
    }
}
END {
    finish()
    if (!version) {
        print "schema.awk: no schema sets the version" > "/dev/stderr"
        status = 1
    }
    print "/* SPDX-License-Identifier: Apache-2.0 */"
    print "/* Made from the folder schema. */"
    print "#define USM__SCHEMA_VERSION " version
    print "static const char *const schema_sqlite[] = {\n" create[1] "    NULL};"
    print "static const char *const schema_mariadb[] = {\n" create[2] "    NULL};"
    print "static const usm__upgrade_t schema_upgrades[] = {\n" steps "    {0, 0, NULL}};"
    exit status
}

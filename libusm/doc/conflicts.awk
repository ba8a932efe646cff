# SPDX-License-Identifier: Apache-2.0
# libusm/tbl/conflicts.h → the table of conflicts.md: awk -f libusm/doc/conflicts.awk libusm/tbl/conflicts.h
BEGIN {
    kinds["PIM"] = "any"; kinds["EVENT"] = "event"; kinds["MEETING"] = "meeting"; kinds["PART"] = "event, in part"
    kinds["MAIL"] = "mail"; kinds["NOTE"] = "note"
    edits["FIELD"] = "changes a field"; edits["FIELDS"] = "changes two fields"; edits["OTHER"] = "changes another field"
    edits["EQUAL"] = "sets the same value"; edits["UNIT"] = "changes one field of a unit"
    edits["UNIT2"] = "changes another of the unit"; edits["HIDDEN"] = "changes what devices do not see"
    edits["DELETE"] = "deletes it"; edits["MOVE"] = "moves it"; edits["MOVE_FIELD"] = "moves it, changes the field"
    edits["ADD"] = "adds an item"; edits["ADD_UID"] = "adds one with its UID"
    results["BOTH"] = "both"; results["DEVICE"] = "the device's"; results["SERVER"] = "the server's"
    results["PARTLY"] = "the server's there, the rest merged"; results["AGAIN"] = "made again"
    results["THERE"] = "in it where it went"; results["THERE_SERVER"] = "the server's, where it went"
    results["GONE"] = "gone"; results["BACK"] = "stays, comes back"; results["STAYS"] = "stays where it went"
    results["TWO"] = "two items"
    kept["NOTHING"] = ""; kept["DEVICE"] = ", logs the device's"; kept["SERVER"] = ", logs the server's"
    kept["DELETION"] = ", logs the deletion"
    print "| item | the device | meanwhile the server | server wins | client wins | |"
    print "|---|---|---|---|---|---|"
}
function word(list, name)
{
    if (!(name in list)) {
        print "conflicts.awk: unknown word " name > "/dev/stderr"
        status = 1
    }
    return list[name]
}
function cell(result, said, lost)
{
    return word(results, result) (said == 1 ? "" : ", Status " said) word(kept, lost)
}
/^USM_CLASH\(/ {
    line = $0
    sub(/^USM_CLASH\(/, "", line)
    match(line, /".*"/)
    text = substr(line, RSTART + 1, RLENGTH - 2)
    split(substr(line, 1, RSTART - 1), f, ", *")
    printf "| %s | %s | %s | %s | %s | %s |\n", word(kinds, f[1]), word(edits, f[2]), word(edits, f[3]), \
        cell(f[4], f[5], f[6]), cell(f[7], f[8], f[9]), text
}
END { exit status }

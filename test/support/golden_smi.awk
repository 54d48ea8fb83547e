# Answers `nvidia-smi --query-gpu` and `--query-compute-apps` from a table of golden cells.
#
# The table is tab-separated: the first line has the fields' names, the second their units, the third all
# other names that fields go by (comma-separated), and each further line is a row.
#
# In: fields (asked for), ids (of -i), header (0, 1), units (0, 1), key (columns -i looks at).
BEGIN { FS = "\t"; asked = split(fields, ask, ",") }
NR == 1 { for (i = 1; i <= NF; i++) { name[i] = $i; column[$i] = i }; next }
NR == 2 { for (i = 1; i <= NF; i++) unit[i] = $i; next }
NR == 3 {
    for (i = 1; i <= NF; i++) {
        n = split($i, other, ",")
        for (j = 1; j <= n; j++) column[other[j]] = i
    }
    for (i = 1; i <= asked; i++) {
        gsub(/^ +| +$/, "", ask[i])
        if (ask[i] in column) continue
        printf "Field \"%s\" is not a valid field to query.\n\n", ask[i]
        bad = 1
        exit 2
    }
    next
}
{ rows[++count] = $0 }
END {
    if (bad) exit 2
    wanted = split(ids, id, ",")
    keys = split(key, keyed, ",")
    for (r = 1; r <= count; r++) {
        split(rows[r], cell, "\t")
        shown[r] = wanted == 0
        for (w = 1; w <= wanted; w++) {
            for (k = 1; k <= keys; k++) if (cell[column[keyed[k]]] == id[w]) shown[r] = found = 1
        }
    }
    if (key ~ /^index/ && wanted > 0 && !found) {
        print "No devices were found"
        exit 6
    }
    for (i = 1; i <= asked && header; i++) {
        at = column[ask[i]]
        printf "%s%s", name[at] (unit[at] == "" ? "" : " [" unit[at] "]"), i < asked ? ", " : "\n"
    }
    for (r = 1; r <= count; r++) {
        if (!shown[r]) continue
        split(rows[r], cell, "\t")
        for (i = 1; i <= asked; i++) {
            at = column[ask[i]]
            text = cell[at]
            if (units && unit[at] != "" && text ~ /^[0-9.]+$/) text = text " " unit[at]
            printf "%s%s", text, i < asked ? ", " : "\n"
        }
    }
}

# The grammar of /etc/config as `uci` reads and writes it; ENVIRON says what to change on the way.

function word_end() {
    if (have) words[++count] = word
    word = ""; have = 0
}

function statement() {
    if (count && words[1] == "config") {
        type[++sections] = words[2]
        name[sections] = count > 2 ? words[3] : sprintf("cfg%02x0000", sections)
    } else if (count) {
        add(sections, words[1], words[2], words[3])
    }
    count = 0
}

function add(section, kind, key, value,    at) {
    at = section "," ++lines[section]
    kinds[at] = kind; keys[at] = key; values[at] = value
}

function read(text,    at, c, quote) {
    text = text "\n"
    for (at = 1; at <= length(text); at++) {
        c = substr(text, at, 1)
        if (quote == "'" && c != quote || quote == "\"" && c != quote && c != "\\") word = word c
        else if (quote != "" && c == quote) quote = ""
        else if (c == "\\") { word = word substr(text, ++at, 1); have = 1 }
        else if (c == "'" || c == "\"") { quote = c; have = 1 }
        else if (c == "#" && !have) while (substr(text, at + 1, 1) != "\n") at++
        else if (c ~ /[ \t]/) word_end()
        else if (c == "\n" || c == ";") { word_end(); statement() }
        else { word = word c; have = 1 }
    }
    if (quote != "") exit 1
}

function change(how, section, key, value,    s, at, l) {
    for (s = 1; s <= sections && name[s] != section; s++);
    if (key == "") { type[s] = value; name[s] = section; if (s > sections) sections = s; return }
    if (s > sections) exit 1
    for (l = 1; l <= lines[s]; l++) {
        at = s "," l
        if (keys[at] == key && how == "get") found = found (found == "" ? "" : " ") values[at]
        if (keys[at] == key && (how == "set" || how == "delete")) keys[at] = ""
    }
    if (how == "set") add(s, "option", key, value)
    if (how == "add_list") add(s, "list", key, value)
}

function quoted(text) {
    gsub("'", "'\\''", text)
    return "'" text "'"
}

function write(    s, l, at) {
    for (s = 1; s <= sections; s++) {
        printf "\nconfig %s %s\n", type[s], quoted(name[s])
        for (l = 1; l <= lines[s]; l++) {
            at = s "," l
            if (keys[at] != "") printf "\t%s %s %s\n", kinds[at], keys[at], quoted(values[at])
        }
    }
}

{ text = text (NR > 1 ? "\n" : "") $0 }

END {
    read(text)
    if (ENVIRON["HOW"] == "export") print "package " ENVIRON["PACKAGE"]
    else change(ENVIRON["HOW"], ENVIRON["SECTION"], ENVIRON["KEY"], ENVIRON["VALUE"])
    if (ENVIRON["HOW"] == "get") print found
    else write()
}

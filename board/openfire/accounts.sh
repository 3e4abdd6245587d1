#!/bin/sh
# Turns a list of device names into XMPP accounts: files to import into the server, and a folder for each device.
# README.md beside this script tells what to do with them.

set -u
umask 077
LC_ALL=C # a name is bytes, and [a-z] means a to z
export LC_ALL

usage() {
    cat <<'END'
usage: accounts.sh --domain DOMAIN --operator NAME [OPTION]... LIST FOLDER [-- SEND-OPTION...]

Makes accounts for the devices in LIST (one name a line, # starts a comment; - is standard input) and writes
into FOLDER, which must not exist yet:

  accounts.xml                    the devices' accounts, passwords and rosters (XEP-0227), to be imported first
  operators.xml                   what the operators' rosters need besides; changes no password
  devices/NAME/firepush.password  the device's password
  devices/NAME/push               sends the files it is given to the first operator

Options:
  --domain DOMAIN   the XMPP domain, the same for devices and operators
  --operator NAME   an account that receives files; may be repeated; must exist on the server
  --group GROUP     where operators see the devices in their contact list (default: Devices)
  --help            this text

SEND-OPTIONs are given to `firepush send` on the device, such as --ca-file /etc/firepush/openfire.pem.
A name is 1 to 64 of a-z 0-9 . _ - and begins with a letter or digit.

Exit codes: 0 done, 64 command line, 65 bad list, 66 no list, 73 can't write, 74 can't read /dev/urandom
END
}

die() { # die CODE TEXT
    printf 'accounts.sh: %s\n' "$2" >&2
    exit "$1"
}

misused() {
    die 64 "$1 (see accounts.sh --help)"
}

is_name() {
    case $1 in
    '' | [!a-z0-9]* | *[!a-z0-9._-]*) return 1 ;;
    esac
    [ "${#1}" -le 64 ]
}

domain='' operators='' group=Devices
while [ $# -gt 0 ]; do
    case $1 in
    --help)
        usage
        exit 0
        ;;
    --domain | --operator | --group)
        [ $# -ge 2 ] || misused "$1 needs a value"
        case $1 in
        --domain) domain=$2 ;;
        --group) group=$2 ;;
        --operator)
            is_name "$2" || misused "'$2' is not a name that an operator can have (without @DOMAIN)"
            case " $operators " in *" $2 "*) misused "operator $2 is named twice" ;; esac
            operators="${operators:+$operators }$2"
            ;;
        esac
        shift 2
        ;;
    --?*) misused "there is no option $1" ;;
    *) break ;;
    esac
done
case $domain in
'') misused 'give --domain' ;;
*[!]a-z0-9.:_[-]*) misused "'$domain' is not a domain in lower case" ;;
esac
[ -n "$operators" ] || misused 'give --operator'
case $group in
'' | *[!A-Za-z0-9\ ._-]*) misused "the group may have letters, digits, spaces and . _ - only" ;;
esac
[ $# -ge 2 ] || misused 'give LIST and FOLDER'
list=$1 folder=$2
shift 2
if [ $# -gt 0 ]; then
    [ "$1" = -- ] || misused "'$1' is one word too many; options of firepush stand behind --"
    shift
fi
case $folder in -*) folder=./$folder ;; esac

# The same options as keys of a configuration.
settings='' key=''
as_key() { # as_key --OPTION: prints it as a key
    printf %s "$1" | sed 's/^--//; s/-/_/g'
}
switch_on() { # what was no option with a value is a switch
    [ -z "$key" ] || settings="$settings$key = yes
"
    key=''
}
for word; do
    case $word in
        --*=*) switch_on; settings="$settings$(as_key "${word%%=*}") = ${word#*=}
" ;;
        --*) switch_on; key=$(as_key "$word") ;;
        *) settings="$settings${key:-#} = $word
" key='' ;;
    esac
done
switch_on

send_options=
for word; do
    case $word in *[!A-Za-z0-9@%+=:,./_-]* | '') word="'$(printf %s "$word" | sed "s/'/'\\\\''/g")'" ;; esac
    send_options="$send_options $word"
done

# Prints the names of the list, or complains about each bad line and fails.
# shellcheck disable=SC2016 # awk's $, not ours
read_list='
BEGIN { n = split(operators, known, " "); for (i = 1; i <= n; i++) line[known[i]] = "an operator" }
function bad(why) { printf "accounts.sh: line %d: %s\n", NR, why | "cat >&2"; errors++ }
{
    sub(/#.*/, ""); gsub(/^[ \t\r]+|[ \t\r]+$/, "")
    if ($0 == "") next
    if ($0 !~ /^[a-z0-9][a-z0-9._-]*$/) bad("\"" $0 "\" has other characters than a-z 0-9 . _ - or begins with one of . _ -")
    else if (length($0) > 64) bad("the name is longer than 64")
    else if ($0 in line) bad("\"" $0 "\" is " line[$0] " already")
    else { line[$0] = "line " NR; names[++count] = $0 }
}
END {
    close("cat >&2")
    if (errors) exit 65
    for (i = 1; i <= count; i++) print names[i]
}'

if [ "$list" = - ]; then
    names=$(awk -v operators="$operators" "$read_list") || die 65 'nothing was written'
else
    { [ ! -d "$list" ] && [ -r "$list" ]; } || die 66 "can't read the list $list"
    names=$(awk -v operators="$operators" "$read_list" <"$list") || die 65 'nothing was written'
fi
[ -n "$names" ] || die 65 'the list has no names'

# From here on something is written, and removed again unless all of it could be.
[ ! -e "$folder" ] || die 73 "$folder exists already; nothing was written"
mkdir -- "$folder" || die 73 "can't make $folder"
trap 'rm -rf -- "$folder"' EXIT
trap 'exit 73' HUP INT TERM

cant_write() {
    die 73 "can't write $1; $folder was removed"
}

# 160 bits as hexadecimal digits: nothing in it needs quoting anywhere.
new_password() {
    password=$(od -An -v -N20 -tx1 /dev/urandom | tr -d ' \n')
    [ "${#password}" -eq 40 ] || die 74 "can't read /dev/urandom; $folder was removed"
}

item() { # item NAME GROUP: a contact, each seeing the other
    printf "<item jid='%s@%s' name='%s' subscription='both'><group>%s</group></item>\n" "$1" "$domain" "$1" "$2"
}

xml_head() {
    printf "<?xml version='1.0' encoding='UTF-8'?>\n<server-data xmlns='urn:xmpp:pie:0'>\n<host jid='%s'>\n" "$domain"
}

xml_tail() {
    printf '</host>\n</server-data>\n'
}

push_script() { # push_script NAME
    cat <<END
#!/bin/sh
# Sends files to ${operators%% *}@$domain, or to whom FIREPUSH_TO names. Keep firepush.password beside it. In /etc/crontab:
# 17 * * * * root /etc/firepush/push /var/log/messages
PATH=\$PATH:/usr/local/bin
here=\$(dirname "\$0")
exec firepush send --jid $1@$domain --password-file "\$here/firepush.password"$send_options \\
    --to "\${FIREPUSH_TO:-${operators%% *}@$domain}" "\$@"
END
}

# The configuration of `firepush run`; jobs are added to it.
configuration() { # configuration NAME
    printf '%s\n' "# firepush run --config /etc/firepush/firepush.conf; jobs stand below" "jid = $1@$domain" 'password_file = /etc/firepush/firepush.password' \
        "to = ${operators%% *}@$domain"
    printf %s "$settings"
}

write_device() { # write_device NAME: makes its folder, prints its account
    place=$folder/devices/$1
    mkdir -- "$place" || cant_write "$place"
    new_password
    printf '%s\n' "$password" >"$place/firepush.password" || cant_write "$place/firepush.password"
    configuration "$1" >"$place/firepush.conf" || cant_write "$place/firepush.conf"
    { push_script "$1" >"$place/push" && chmod u+x "$place/push"; } || cant_write "$place/push"
    printf "<user name='%s' password='%s'>\n<query xmlns='jabber:iq:roster'>\n" "$1" "$password"
    for operator in $operators; do item "$operator" Operators || return; done
    printf '</query>\n</user>\n'
}

# Without a password an account that exists is kept as it is, and its roster gets the items.
write_operator() { # write_operator NAME
    printf "<user name='%s'>\n<query xmlns='jabber:iq:roster'>\n" "$1"
    for device in $names; do item "$device" "$group" || return; done
    printf '</query>\n</user>\n'
}

mkdir -- "$folder/devices" || cant_write "$folder/devices"
{
    xml_head && for name in $names; do write_device "$name" || cant_write accounts.xml; done && xml_tail
} >"$folder/accounts.xml" || cant_write "$folder/accounts.xml"
{
    xml_head && for name in $operators; do write_operator "$name" || cant_write operators.xml; done && xml_tail
} >"$folder/operators.xml" || cant_write "$folder/operators.xml"

trap - EXIT
set -f
# shellcheck disable=SC2086 # one word a name
set -- $names
echo "$# accounts are in $folder: import accounts.xml, then operators.xml, then remove accounts.xml (it has passwords)"
if [ $# -gt 20 ]; then
    echo "accounts.sh: with more than some twenty devices a collector (firepush receive) should be the operator" >&2
fi

#!/bin/sh
# shellcheck shell=dash
# OpenWrt's /lib/functions.sh as far as our scripts use it, with its meaning: `uci export` is evaluated, and each word of
# it is a function here that keeps the value and calls back.

config_cb() { return 0; }
option_cb() { return 0; }
list_cb() { return 0; }

config_load() {
    local text
    config_section='' config_sections=''
    text=$(/sbin/uci -S -n export "$1") || return
    eval "$text"
    ${config_section:+config_cb}
}

package() { return 0; }

config() { # TYPE NAME
    config_section=$2
    config_sections="$config_sections $2"
    config_cb "$1" "$2"
}

option() { # NAME VALUE
    eval "CONFIG_${config_section}_$1=\$2"
    option_cb "$1" "$2"
}

list() { # NAME VALUE
    eval "CONFIG_${config_section}_$1=\"\${CONFIG_${config_section}_$1:+\$CONFIG_${config_section}_$1 }\$2\""
    list_cb "$1" "$2"
}

config_get() { # VARIABLE SECTION OPTION [DEFAULT]
    eval "$1=\${CONFIG_$2_$3:-\$4}"
}

config_get_bool() { # VARIABLE SECTION OPTION [DEFAULT]
    local value
    config_get value "$2" "$3" "$4"
    case $value in
        1 | on | true | yes | enabled) value=1 ;;
        0 | off | false | no | disabled) value=0 ;;
        *) value=$4 ;;
    esac
    eval "$1=$value"
}

default_postinst() {
    local script
    for script in /etc/uci-defaults/*; do
        # shellcheck disable=SC1090 # whatever the package has there
        [ ! -f "$script" ] || { (. "$script") && rm -f "$script"; }
    done
    [ "$PKG_UPGRADE" = 1 ] || /etc/init.d/firepush enable
    /etc/init.d/firepush start
}

default_prerm() {
    [ "$PKG_UPGRADE" = 1 ] || /etc/init.d/firepush disable
    /etc/init.d/firepush stop
}

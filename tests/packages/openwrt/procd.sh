#!/bin/sh
# shellcheck shell=dash
# Stands for procd: notes in /var/run/procd.log what it is told, and runs an instance to its end, unless it is running.

procd_note() {
    # shellcheck disable=SC2154 # rc.common sets it
    printf '%s\n' "$name $*" >>/var/run/procd.log
}

procd_open_service() { command='' jail='' triggers=''; }
procd_open_instance() { command='' jail=''; }
procd_close_instance() { return 0; }
procd_add_reload_trigger() { triggers=$1; }

procd_set_param() { # TYPE VALUE...
    local type=$1
    shift
    case $type in
        command) command=$* ;;
        stderr | no_new_privs) ;;
        *) procd_note "unknown parameter $type" ;;
    esac
}

procd_add_jail() { # NAME WORD...
    jail="-n $1"
    shift
    while [ $# != 0 ]; do
        case $1 in
            log) jail="$jail -l" ;;
            ubus) jail="$jail -u" ;;
            procfs) jail="$jail -p" ;;
            *) procd_note "unknown jail word $1" ;;
        esac
        shift
    done
}

procd_add_jail_mount() { procd_mount -r "$@"; }
procd_add_jail_mount_rw() { procd_mount -w "$@"; }

procd_mount() { # -r|-w PATH...: procd leaves blanks and patterns to the shell
    local how=$1 path
    shift
    # shellcheck disable=SC2068
    for path in $@; do
        jail="$jail $how $path"
    done
}

procd_close_service() { # set|add
    service_triggers
    procd_note "$1" "${triggers:+trigger $triggers}" "$command"
    [ -z "$command" ] || procd_supervise
}

procd_supervise() {
    mkdir /var/run/procd.running 2>/dev/null || { procd_note already running; return; }
    # shellcheck disable=SC2086 # no word of ours has blanks
    ${jail:+/sbin/ujail $jail --} $command </dev/null >/dev/null 2>>/var/run/procd.stderr
    procd_note "ended with $?" "${jail:+in a jail}"
    rmdir /var/run/procd.running
}

procd_kill() { procd_note delete; }

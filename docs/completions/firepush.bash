# bash completion of firepush; made from its tables.

_firepush() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} verb=${COMP_WORDS[1]} options=
    COMPREPLY=()
    if [ "$COMP_CWORD" = 1 ]; then
        COMPREPLY=($(compgen -W "send receive run status retry drop config doctor help --help --version" -- "$current"))
        return
    fi
    case $previous in
        --config|--password-file|--ca-file|--cert-file|--key-file|--spool|--state|--dir|--from-file|--status-file|--metrics-file) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
        --min-auth) COMPREPLY=($(compgen -W "plain scram-sha-1 scram-sha-256 scram-plus" -- "$current")) ;;
        --method) COMPREPLY=($(compgen -W "auto socks5 ibb" -- "$current")) ;;
        --empty) COMPREPLY=($(compgen -W "send skip" -- "$current")) ;;
        --if-offline) COMPREPLY=($(compgen -W "fail message" -- "$current")) ;;
        --compress) COMPREPLY=($(compgen -W "none gzip" -- "$current")) ;;
        --tier) COMPREPLY=($(compgen -W "acked forwarded" -- "$current")) ;;
        --open-files) COMPREPLY=($(compgen -W "wait send" -- "$current")) ;;
        --order) COMPREPLY=($(compgen -W "oldest newest name" -- "$current")) ;;
        --when-full) COMPREPLY=($(compgen -W "oldest newest refuse" -- "$current")) ;;
        --log) COMPREPLY=($(compgen -W "auto stderr syslog" -- "$current")) ;;
        --jid|--password-fd|--server|--resolve|--bind|--via|--pin|--proxy|--to|--name|--announce|--answer|--files|--output-of|--after|--before|--on-success|--on-failure|--min-age|--max-age|--max-size|--spool-size|--spool-files|--retry-first|--retry-cap|--retry-for|--splay|--rate|--run-for|--wait-for-clock|--from|--count|--parallel|--timeout|--part-size|--wait-resolve|--wait-connect|--wait-tls|--wait-resend|--wait-login|--wait-bind|--wait-discover|--wait-presence|--wait-probe|--wait-answer|--wait-offer-known|--wait-streamhost-used|--wait-proxy|--wait-activate|--wait-stall|--wait-open|--wait-second-open|--wait-ibb-ack|--wait-drain|--wait-close|--wait-queue|--wait-initiation|--wait-target|--wait-fallback|--wait-data|--wait-idle|--wait-ping|--wait-write|--wait-program) return ;;
        *) false ;;
    esac && return
    case $verb in
        send) options='--config --jid --password-file --password-fd --server --resolve --bind --via --direct-tls --ca-file --pin --cert-file --key-file --min-auth --proxy --direct --method --to --name --empty --reoffer --announce --if-offline --answer --spool --state --spool-size --spool-files --when-full --retry-first --retry-cap --retry-for --rate --parallel --timeout --queue --part-size --log --wire --json --verbose --quiet --wait-resolve --wait-connect --wait-tls --wait-resend --wait-login --wait-bind --wait-discover --wait-presence --wait-probe --wait-answer --wait-offer-known --wait-streamhost-used --wait-proxy --wait-activate --wait-stall --wait-open --wait-second-open --wait-ibb-ack --wait-drain --wait-close --wait-queue --wait-initiation --wait-target --wait-fallback --wait-data --wait-idle --wait-ping --wait-write --wait-program' ;;
        receive) options='--config --jid --password-file --password-fd --server --resolve --bind --via --direct-tls --ca-file --pin --cert-file --key-file --min-auth --proxy --method --max-size --dir --from --from-file --count --parallel --timeout --log --wire --json --verbose --quiet --wait-resolve --wait-connect --wait-tls --wait-resend --wait-login --wait-bind --wait-discover --wait-presence --wait-probe --wait-answer --wait-offer-known --wait-streamhost-used --wait-proxy --wait-activate --wait-stall --wait-open --wait-second-open --wait-ibb-ack --wait-drain --wait-close --wait-queue --wait-initiation --wait-target --wait-fallback --wait-data --wait-idle --wait-ping --wait-write --wait-program' ;;
        run) options='--config --jid --password-file --password-fd --server --resolve --bind --via --direct-tls --ca-file --pin --cert-file --key-file --min-auth --proxy --direct --method --to --name --empty --reoffer --announce --if-offline --answer --files --output-of --compress --after --tier --require-encryption --before --on-success --on-failure --open-files --min-age --max-age --order --max-size --spool --state --spool-size --spool-files --when-full --retry-first --retry-cap --retry-for --splay --rate --run-for --wait-for-clock --parallel --timeout --now --dry-run --log --status-file --metrics-file --wire --json --verbose --quiet --wait-resolve --wait-connect --wait-tls --wait-resend --wait-login --wait-bind --wait-discover --wait-presence --wait-probe --wait-answer --wait-offer-known --wait-streamhost-used --wait-proxy --wait-activate --wait-stall --wait-open --wait-second-open --wait-ibb-ack --wait-drain --wait-close --wait-queue --wait-initiation --wait-target --wait-fallback --wait-data --wait-idle --wait-ping --wait-write --wait-program' ;;
        status) options='--config --spool --state --log --json --verbose --quiet' ;;
        retry) options='--config --spool --state --log --json --verbose --quiet' ;;
        drop) options='--config --spool --state --log --json --verbose --quiet' ;;
        config) options='--config --jid --password-file --server --resolve --bind --via --direct-tls --ca-file --pin --cert-file --key-file --min-auth --proxy --direct --method --to --name --empty --reoffer --announce --if-offline --answer --files --output-of --compress --after --tier --require-encryption --before --on-success --on-failure --open-files --min-age --max-age --order --max-size --spool --state --spool-size --spool-files --when-full --retry-first --retry-cap --retry-for --splay --rate --run-for --wait-for-clock --dir --from --from-file --count --parallel --timeout --log --status-file --metrics-file --json --verbose --quiet --wait-resolve --wait-connect --wait-tls --wait-resend --wait-login --wait-bind --wait-discover --wait-presence --wait-probe --wait-answer --wait-offer-known --wait-streamhost-used --wait-proxy --wait-activate --wait-stall --wait-open --wait-second-open --wait-ibb-ack --wait-drain --wait-close --wait-queue --wait-initiation --wait-target --wait-fallback --wait-data --wait-idle --wait-ping --wait-write --wait-program' ;;
        doctor) options='--config --jid --password-file --password-fd --server --resolve --bind --via --direct-tls --ca-file --pin --cert-file --key-file --min-auth --proxy --method --to --spool --state --parallel --timeout --log --wire --json --verbose --quiet --wait-resolve --wait-connect --wait-tls --wait-resend --wait-login --wait-bind --wait-discover --wait-presence --wait-probe --wait-answer --wait-offer-known --wait-streamhost-used --wait-proxy --wait-activate --wait-stall --wait-open --wait-second-open --wait-ibb-ack --wait-drain --wait-close --wait-queue --wait-initiation --wait-target --wait-fallback --wait-data --wait-idle --wait-ping --wait-write --wait-program' ;;
    esac
    case $current in
        -*) COMPREPLY=($(compgen -W "$options --help" -- "$current")) ; return ;;
    esac
    case $verb in
        send) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
        run) COMPREPLY=($(compgen -W "$(firepush config 2>/dev/null | sed -n 's/^\[\(.*\)\]$/\1/p')" -- "$current")) ;;
        retry|drop) COMPREPLY=($(compgen -W "$(firepush status 2>/dev/null | sed -n 's/^\([0-9a-f]\{20\}\) .*/\1/p')" -- "$current")) ;;
        help) COMPREPLY=($(compgen -W "send receive run status retry drop config doctor help" -- "$current")) ;;
    esac
}
complete -o filenames -F _firepush firepush

#compdef @PROGRAMS@
# Completion of emu for zsh: put it as _emu into a directory of $fpath.
# Printed by `emu completions zsh`. emu itself says what fits; it is asked for each word.

_emu() {
    local -a answer open open_shown closed closed_shown
    local line word
    answer=("${(@f)$(command emu completions zsh --answer -- "${(@Q)words[1,CURRENT-1]}" "$PREFIX" 2>/dev/null)}")
    for line in "${(@)answer[2,-1]}"; do
        word=${line%%$'\t'*}
        if [[ $word == *[/:=~] ]]; then
            open+=("$word")
            open_shown+=("${line/$'\t'/  }")
        else
            closed+=("$word")
            closed_shown+=("${line/$'\t'/  }")
        fi
    done
    (( $#closed )) && compadd -l -V closed -d closed_shown -a closed
    (( $#open )) && compadd -l -V open -S '' -d open_shown -a open
    case $answer[1] in
        files) [[ $PREFIX == --*=* ]] && compset -P '*='; _files ;;
        directories) [[ $PREFIX == --*=* ]] && compset -P '*='; _files -/ ;;
    esac
    (( $#open + $#closed ))
}

if [[ ${funcstack[1]} == _emu ]]; then
    _emu "$@"
else
    compdef _emu @PROGRAMS@
fi

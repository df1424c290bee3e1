# Completion of emu for bash: source it, or put it where bash-completion looks.
# Printed by `emu completions bash`. emu itself says what fits; it is asked for each word.

_emu() {
    local files line
    COMPREPLY=()
    {
        IFS= read -r files
        while IFS= read -r line; do
            COMPREPLY+=("$line")
        done
    } < <(command emu completions bash --answer -- "${COMP_LINE:0:COMP_POINT}" "$2" 2>/dev/null)
    # bash completes names of files by itself.
    case $files in
        files) compopt +o nospace -o default 2>/dev/null ;;
        directories) compopt -o dirnames 2>/dev/null ;;
    esac
}

# Complete words end in a blank already.
complete -o nospace -F _emu emu emu-hash-tree emu-link-snapshot emu-commit-snapshot emu-rotate emu-remove-snapshot emu-rev-parse emu-cat-node emu-ls-tree emu-diff-tree emu-check-exclude emu-verify-tree

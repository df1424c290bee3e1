# Completion of emu for fish: put it where fish looks for completions.
# Printed by `emu completions fish`. emu itself says what fits; it is asked for each word.

function __emu_answer
    set -l before (commandline -opc)
    set -l word (commandline -ct)
    set -l answer (command emu completions fish --answer -- $before "$word" 2>/dev/null)
    if set -q answer[2]
        printf '%s\n' $answer[2..-1]
    end
    switch "$answer[1]"
        case files
            __fish_complete_path "$word"
        case directories
            __fish_complete_directories "$word" ''
    end
end

for program in @PROGRAMS@
    complete --command $program --no-files --keep-order --arguments '(__emu_answer)'
end

# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_emu_global_optspecs
    string join \n C= S/source= v/verbose q/quiet color= no-pager json h/help V/version
end

function __fish_emu_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_emu_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_emu_using_subcommand
    set -l cmd (__fish_emu_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c emu -n "__fish_emu_needs_command" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_needs_command" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_needs_command" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_needs_command" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_needs_command" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_needs_command" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_needs_command" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c emu -n "__fish_emu_needs_command" -s V -l version -d 'Print version'
complete -c emu -n "__fish_emu_needs_command" -f -a "init" -d 'make a directory a source'
complete -c emu -n "__fish_emu_needs_command" -f -a "sink" -d 'list, add, move, adopt and forget sinks'
complete -c emu -n "__fish_emu_needs_command" -f -a "push" -d 'save the source as a new snapshot in its sinks'
complete -c emu -n "__fish_emu_needs_command" -f -a "status" -d 'show what changed since the last push, and the sinks'
complete -c emu -n "__fish_emu_needs_command" -f -a "log" -d 'list snapshots'
complete -c emu -n "__fish_emu_needs_command" -f -a "show" -d 'show a snapshot and what changed with it'
complete -c emu -n "__fish_emu_needs_command" -f -a "diff" -d 'show what differs between snapshots, or from the source'
complete -c emu -n "__fish_emu_needs_command" -f -a "ls" -d 'list the entries of a snapshot'
complete -c emu -n "__fish_emu_needs_command" -f -a "cat" -d 'print files of a snapshot'
complete -c emu -n "__fish_emu_needs_command" -f -a "find" -d 'find names in all snapshots'
complete -c emu -n "__fish_emu_needs_command" -f -a "du" -d 'show what snapshots take up'
complete -c emu -n "__fish_emu_needs_command" -f -a "checkout" -d 'bring a snapshot, or files of one, back'
complete -c emu -n "__fish_emu_needs_command" -f -a "clone" -d 'make a source from a sink'
complete -c emu -n "__fish_emu_needs_command" -f -a "verify" -d 'check that snapshots are as they were saved'
complete -c emu -n "__fish_emu_needs_command" -f -a "rotate" -d 'apply the retention policy to a sink'
complete -c emu -n "__fish_emu_needs_command" -f -a "prune" -d 'remove snapshots'
complete -c emu -n "__fish_emu_needs_command" -f -a "squash" -d 'remove what lies between two snapshots'
complete -c emu -n "__fish_emu_needs_command" -f -a "clean" -d 'remove what is no snapshot from sinks'
complete -c emu -n "__fish_emu_needs_command" -f -a "pin" -d 'keep snapshots from being removed'
complete -c emu -n "__fish_emu_needs_command" -f -a "unpin" -d 'let snapshots be removed again'
complete -c emu -n "__fish_emu_needs_command" -f -a "path" -d 'show where the tree of a snapshot is'
complete -c emu -n "__fish_emu_needs_command" -f -a "config" -d 'show and change settings'
complete -c emu -n "__fish_emu_needs_command" -f -a "help" -d 'show what a command does and takes'
complete -c emu -n "__fish_emu_needs_command" -f -a "version" -d 'show the version of emu'
complete -c emu -n "__fish_emu_needs_command" -f -a "hash-tree" -d 'list and hash a directory tree as a manifest'
complete -c emu -n "__fish_emu_needs_command" -f -a "link-snapshot" -d 'stage the tree that a manifest on stdin describes'
complete -c emu -n "__fish_emu_needs_command" -f -a "commit-snapshot" -d 'publish a staged tree as a snapshot'
complete -c emu -n "__fish_emu_needs_command" -f -a "remove-snapshot" -d 'remove snapshots of a sink'
complete -c emu -n "__fish_emu_needs_command" -f -a "rev-parse" -d 'resolve revisions to snapshots'
complete -c emu -n "__fish_emu_needs_command" -f -a "cat-node" -d 'print the nodes of snapshots'
complete -c emu -n "__fish_emu_needs_command" -f -a "ls-tree" -d 'print the entries of a snapshot'
complete -c emu -n "__fish_emu_needs_command" -f -a "diff-tree" -d 'print the differences between two trees'
complete -c emu -n "__fish_emu_needs_command" -f -a "check-exclude" -d 'say which rule leaves a path out'
complete -c emu -n "__fish_emu_needs_command" -f -a "verify-tree" -d 'print what in snapshots is not as it was saved'
complete -c emu -n "__fish_emu_using_subcommand init" -l template-dir -d 'Copy what is in this directory into .emu, overwriting nothing' -r -F
complete -c emu -n "__fish_emu_using_subcommand init" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand init" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand init" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand init" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand init" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand init" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand init" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand init" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand sink; and not __fish_seen_subcommand_from list add rm move adopt clean" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand sink; and not __fish_seen_subcommand_from list add rm move adopt clean" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand sink; and not __fish_seen_subcommand_from list add rm move adopt clean" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand sink; and not __fish_seen_subcommand_from list add rm move adopt clean" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand sink; and not __fish_seen_subcommand_from list add rm move adopt clean" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand sink; and not __fish_seen_subcommand_from list add rm move adopt clean" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand sink; and not __fish_seen_subcommand_from list add rm move adopt clean" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand sink; and not __fish_seen_subcommand_from list add rm move adopt clean" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand sink; and not __fish_seen_subcommand_from list add rm move adopt clean" -f -a "list" -d 'List the sinks and what is in them'
complete -c emu -n "__fish_emu_using_subcommand sink; and not __fish_seen_subcommand_from list add rm move adopt clean" -f -a "add" -d 'Make a directory a sink of this source, or attach one that is'
complete -c emu -n "__fish_emu_using_subcommand sink; and not __fish_seen_subcommand_from list add rm move adopt clean" -f -a "rm" -d 'Forget a sink; its snapshots stay'
complete -c emu -n "__fish_emu_using_subcommand sink; and not __fish_seen_subcommand_from list add rm move adopt clean" -f -a "move" -d 'Say where a sink stands now'
complete -c emu -n "__fish_emu_using_subcommand sink; and not __fish_seen_subcommand_from list add rm move adopt clean" -f -a "adopt" -d 'Make a sink this source\'s and this machine\'s'
complete -c emu -n "__fish_emu_using_subcommand sink; and not __fish_seen_subcommand_from list add rm move adopt clean" -f -a "clean" -d 'Forget the sinks that are not there, but for optional ones'
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from list" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from list" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from list" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from list" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from list" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from add" -l wait -d 'Wait so long for a lock that somebody else holds, instead of giving up at once' -r
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from add" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from add" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from add" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from add" -l optional -d 'It is no failure when this sink is absent'
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from add" -s n -l dry-run -d 'Print what would be done, and do nothing'
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from add" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from add" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from add" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from add" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from rm" -l wait -d 'Wait so long for a lock that somebody else holds, instead of giving up at once' -r
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from rm" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from rm" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from rm" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from rm" -s n -l dry-run -d 'Print what would be done, and do nothing'
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from rm" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from rm" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from rm" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from rm" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from move" -l wait -d 'Wait so long for a lock that somebody else holds, instead of giving up at once' -r
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from move" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from move" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from move" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from move" -s n -l dry-run -d 'Print what would be done, and do nothing'
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from move" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from move" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from move" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from move" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from move" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from adopt" -l wait -d 'Wait so long for a lock that somebody else holds, instead of giving up at once' -r
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from adopt" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from adopt" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from adopt" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from adopt" -s n -l dry-run -d 'Print what would be done, and do nothing'
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from adopt" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from adopt" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from adopt" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from adopt" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from adopt" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from clean" -l wait -d 'Wait so long for a lock that somebody else holds, instead of giving up at once' -r
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from clean" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from clean" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from clean" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from clean" -s n -l dry-run -d 'Print what would be done, and do nothing'
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from clean" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from clean" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from clean" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from clean" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand sink; and __fish_seen_subcommand_from clean" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand push" -s m -l message -d 'Say what this snapshot is' -r
complete -c emu -n "__fish_emu_using_subcommand push" -l to -d 'Push to the sink at PATH; source and sink are made if they are none yet' -r -F
complete -c emu -n "__fish_emu_using_subcommand push" -l from -d 'Take the content from DIR, where a snapshot of the source\'s file system is mounted' -r -F
complete -c emu -n "__fish_emu_using_subcommand push" -l exclude -d 'Leave out what fits, as a line of .emu/excludes would; repeat it for more' -r
complete -c emu -n "__fish_emu_using_subcommand push" -l exclude-from -d 'Leave out what fits a line of this file' -r -F
complete -c emu -n "__fish_emu_using_subcommand push" -l wait -d 'Wait so long for a lock that somebody else holds, instead of giving up at once' -r
complete -c emu -n "__fish_emu_using_subcommand push" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand push" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand push" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand push" -l dry-run -d 'Show what would be saved, and save nothing'
complete -c emu -n "__fish_emu_using_subcommand push" -s z -l null -d 'With --dry-run: the word and the path each end in a NUL instead of a line end'
complete -c emu -n "__fish_emu_using_subcommand push" -l no-owner -d 'Do not give the files in the sink to their owners; the owners are recorded all the same'
complete -c emu -n "__fish_emu_using_subcommand push" -l no-hooks -d 'Run no hooks'
complete -c emu -n "__fish_emu_using_subcommand push" -l ignore-errors -d 'Exit with 0 although some entries could not be read'
complete -c emu -n "__fish_emu_using_subcommand push" -l allow-empty -d 'Save the source even if it is empty'
complete -c emu -n "__fish_emu_using_subcommand push" -l allow-moved -d 'Save the source even if it lies on another file system or machine than at the last push'
complete -c emu -n "__fish_emu_using_subcommand push" -l allow-shrunk -d 'Take a source for complete although less than half of it is left'
complete -c emu -n "__fish_emu_using_subcommand push" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand push" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand push" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand push" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand push" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand status" -l max-age -d 'Exit with 4 if the newest complete snapshot of a sink is older: 36h, 2d' -r
complete -c emu -n "__fish_emu_using_subcommand status" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand status" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand status" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand status" -l no-scan -d 'Do not look at the source for what changed'
complete -c emu -n "__fish_emu_using_subcommand status" -l exit-code -d 'Exit with 4 if anything changed since HEAD of a sink'
complete -c emu -n "__fish_emu_using_subcommand status" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand status" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand status" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand status" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand status" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand log" -s n -l max-count -d 'List at most so many of each sink' -r
complete -c emu -n "__fish_emu_using_subcommand log" -l since -l after -d 'Only snapshots that are not older: 2026-11-20, \'2 days ago\'' -r
complete -c emu -n "__fish_emu_using_subcommand log" -l until -l before -d 'Only snapshots that are not newer' -r
complete -c emu -n "__fish_emu_using_subcommand log" -l sink -d 'The sink in which to look, a name or a path' -r
complete -c emu -n "__fish_emu_using_subcommand log" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand log" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand log" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand log" -s s -l short -l oneline -d 'One line for each snapshot'
complete -c emu -n "__fish_emu_using_subcommand log" -l graph -d 'Draw the lines of history beside the snapshots'
complete -c emu -n "__fish_emu_using_subcommand log" -s r -l reverse -d 'The oldest first'
complete -c emu -n "__fish_emu_using_subcommand log" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand log" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand log" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand log" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand log" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand show" -l sink -d 'The sink of revisions that name none' -r
complete -c emu -n "__fish_emu_using_subcommand show" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand show" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand show" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand show" -l name-status -d 'A letter and the path for each difference'
complete -c emu -n "__fish_emu_using_subcommand show" -l stat -d 'Numbers and bytes of the differences only'
complete -c emu -n "__fish_emu_using_subcommand show" -s z -l null -d 'Like --name-status, and what is printed of the differences ends in NULs instead of line ends'
complete -c emu -n "__fish_emu_using_subcommand show" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand show" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand show" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand show" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand show" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand diff" -l sink -d 'The sink of revisions that name none' -r
complete -c emu -n "__fish_emu_using_subcommand diff" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand diff" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand diff" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand diff" -l name-status -d 'A letter and the path for each difference'
complete -c emu -n "__fish_emu_using_subcommand diff" -l stat -d 'Numbers and bytes only'
complete -c emu -n "__fish_emu_using_subcommand diff" -s z -l null -d 'Like --name-status, and what is printed ends in NULs instead of line ends'
complete -c emu -n "__fish_emu_using_subcommand diff" -l exit-code -d 'Exit with 4 if something differs'
complete -c emu -n "__fish_emu_using_subcommand diff" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand diff" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand diff" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand diff" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand diff" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand ls" -l sink -d 'The sink of revisions that name none' -r
complete -c emu -n "__fish_emu_using_subcommand ls" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand ls" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand ls" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand ls" -s l -l long -d 'Mode, owner, group, size and time as well'
complete -c emu -n "__fish_emu_using_subcommand ls" -s R -l recursive -d 'All that is below, too, each with its path'
complete -c emu -n "__fish_emu_using_subcommand ls" -s z -l null -d 'End each name with a NUL instead of a line end'
complete -c emu -n "__fish_emu_using_subcommand ls" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand ls" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand ls" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand ls" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand ls" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand cat" -l sink -d 'The sink of revisions that name none' -r
complete -c emu -n "__fish_emu_using_subcommand cat" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand cat" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand cat" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand cat" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand cat" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand cat" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand cat" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand cat" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand find" -l sink -d 'The sink in which to look, a name or a path' -r
complete -c emu -n "__fish_emu_using_subcommand find" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand find" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand find" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand find" -s i -l ignore-case -d 'Letters fit in either case'
complete -c emu -n "__fish_emu_using_subcommand find" -s z -l null -d 'Print only paths, each once in a sink and ended with a NUL'
complete -c emu -n "__fish_emu_using_subcommand find" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand find" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand find" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand find" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand find" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand du" -l sink -d 'The sink in which to look, a name or a path' -r
complete -c emu -n "__fish_emu_using_subcommand du" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand du" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand du" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand du" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand du" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand du" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand du" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand du" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand checkout" -l to -d 'Write to this directory instead of the source' -r -F
complete -c emu -n "__fish_emu_using_subcommand checkout" -l overwrite -d 'Write although files stand there: always, if-changed, if-newer or never over them' -r -f -a "always\t'It gives way, unless its content is proven to be the snapshot\'s'
if-changed\t'It gives way if size or mtime differ'
if-newer\t'It gives way if the snapshot\'s is newer'
never\t'It stays'"
complete -c emu -n "__fish_emu_using_subcommand checkout" -l damaged -d 'What to do with files that are damaged in every snapshot: skip or keep' -r -f -a "skip\t'Nothing is written for it'
keep\t'It is written as it is'"
complete -c emu -n "__fish_emu_using_subcommand checkout" -l wait -d 'Wait so long for a lock that somebody else holds, instead of giving up at once' -r
complete -c emu -n "__fish_emu_using_subcommand checkout" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand checkout" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand checkout" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand checkout" -l force -d 'Destroy what no snapshot holds'
complete -c emu -n "__fish_emu_using_subcommand checkout" -l no-owner -d 'Do not restore owners'
complete -c emu -n "__fish_emu_using_subcommand checkout" -l no-hooks -d 'Run no hooks'
complete -c emu -n "__fish_emu_using_subcommand checkout" -s n -l dry-run -d 'Print what would be done, and do nothing'
complete -c emu -n "__fish_emu_using_subcommand checkout" -s z -l null -d 'With --dry-run: the word and the path each end in a NUL instead of a line end'
complete -c emu -n "__fish_emu_using_subcommand checkout" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand checkout" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand checkout" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand checkout" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand checkout" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand clone" -l wait -d 'Wait so long for a lock that somebody else holds, instead of giving up at once' -r
complete -c emu -n "__fish_emu_using_subcommand clone" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand clone" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand clone" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand clone" -l no-owner -d 'Do not restore owners'
complete -c emu -n "__fish_emu_using_subcommand clone" -s n -l dry-run -d 'Print what would be done, and do nothing'
complete -c emu -n "__fish_emu_using_subcommand clone" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand clone" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand clone" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand clone" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand clone" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand verify" -l read-data-subset -d 'Read a part of the contents: N/T, a share like 5%, or bytes like 10G' -r
complete -c emu -n "__fish_emu_using_subcommand verify" -l wait -d 'Wait so long for a lock that somebody else holds, instead of giving up at once' -r
complete -c emu -n "__fish_emu_using_subcommand verify" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand verify" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand verify" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand verify" -l quick -d 'Look at names, kinds, attributes, sizes and targets only; read no content'
complete -c emu -n "__fish_emu_using_subcommand verify" -l repair -d 'Put right what is wrong, as far as there are good copies'
complete -c emu -n "__fish_emu_using_subcommand verify" -l dry-run -d 'With --repair: show what would be put right, and change nothing'
complete -c emu -n "__fish_emu_using_subcommand verify" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand verify" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand verify" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand verify" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand verify" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand rotate" -l keep-last -d 'Keep the newest N' -r
complete -c emu -n "__fish_emu_using_subcommand rotate" -l keep-hourly -d 'Keep the newest of each of N hours' -r
complete -c emu -n "__fish_emu_using_subcommand rotate" -l keep-daily -d 'Keep the newest of each of N days' -r
complete -c emu -n "__fish_emu_using_subcommand rotate" -l keep-weekly -d 'Keep the newest of each of N weeks' -r
complete -c emu -n "__fish_emu_using_subcommand rotate" -l keep-monthly -d 'Keep the newest of each of N months' -r
complete -c emu -n "__fish_emu_using_subcommand rotate" -l keep-yearly -d 'Keep the newest of each of N years' -r
complete -c emu -n "__fish_emu_using_subcommand rotate" -l keep-within -d 'Keep everything that is not older: 24h, 7d, 1y6m' -r
complete -c emu -n "__fish_emu_using_subcommand rotate" -l min-free -d 'Then remove more, oldest first, until so much is free: 10%, 50G' -r
complete -c emu -n "__fish_emu_using_subcommand rotate" -l min-keep -d 'How many of the newest are not given up for room' -r
complete -c emu -n "__fish_emu_using_subcommand rotate" -l wait -d 'Wait so long for a lock that somebody else holds, instead of giving up at once' -r
complete -c emu -n "__fish_emu_using_subcommand rotate" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand rotate" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand rotate" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand rotate" -l dry-run -d 'Show what would go and why, and remove nothing'
complete -c emu -n "__fish_emu_using_subcommand rotate" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand rotate" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand rotate" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand rotate" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand rotate" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand prune" -l sink -d 'The sink of revisions that name none' -r
complete -c emu -n "__fish_emu_using_subcommand prune" -l wait -d 'Wait so long for a lock that somebody else holds, instead of giving up at once' -r
complete -c emu -n "__fish_emu_using_subcommand prune" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand prune" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand prune" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand prune" -s n -l dry-run -d 'Print what would be removed and freed, and remove nothing'
complete -c emu -n "__fish_emu_using_subcommand prune" -s f -l force -d 'Remove HEAD, pinned snapshots and the last complete one as well'
complete -c emu -n "__fish_emu_using_subcommand prune" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand prune" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand prune" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand prune" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand prune" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand squash" -l sink -d 'The sink of a range that names none' -r
complete -c emu -n "__fish_emu_using_subcommand squash" -l wait -d 'Wait so long for a lock that somebody else holds, instead of giving up at once' -r
complete -c emu -n "__fish_emu_using_subcommand squash" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand squash" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand squash" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand squash" -s n -l dry-run -d 'Print what would be removed and freed, and remove nothing'
complete -c emu -n "__fish_emu_using_subcommand squash" -s f -l force -d 'Remove HEAD, pinned snapshots and the last complete one as well'
complete -c emu -n "__fish_emu_using_subcommand squash" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand squash" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand squash" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand squash" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand squash" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand clean" -l wait -d 'Wait so long for a lock that somebody else holds, instead of giving up at once' -r
complete -c emu -n "__fish_emu_using_subcommand clean" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand clean" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand clean" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand clean" -s n -l dry-run -d 'Print what would be removed, and remove nothing'
complete -c emu -n "__fish_emu_using_subcommand clean" -s r -l replaced -d 'Remove what checkouts of single paths replaced in the source, too'
complete -c emu -n "__fish_emu_using_subcommand clean" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand clean" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand clean" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand clean" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand clean" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand pin" -l for -d 'Only for so long: 2h, 7d, 6m (months)' -r
complete -c emu -n "__fish_emu_using_subcommand pin" -l sink -d 'The sink of revisions that name none' -r
complete -c emu -n "__fish_emu_using_subcommand pin" -l wait -d 'Wait so long for a lock that somebody else holds, instead of giving up at once' -r
complete -c emu -n "__fish_emu_using_subcommand pin" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand pin" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand pin" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand pin" -s n -l dry-run -d 'Print what would be done, and do nothing'
complete -c emu -n "__fish_emu_using_subcommand pin" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand pin" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand pin" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand pin" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand pin" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand unpin" -l sink -d 'The sink of revisions that name none' -r
complete -c emu -n "__fish_emu_using_subcommand unpin" -l wait -d 'Wait so long for a lock that somebody else holds, instead of giving up at once' -r
complete -c emu -n "__fish_emu_using_subcommand unpin" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand unpin" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand unpin" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand unpin" -s n -l dry-run -d 'Print what would be done, and do nothing'
complete -c emu -n "__fish_emu_using_subcommand unpin" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand unpin" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand unpin" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand unpin" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand unpin" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand path" -l sink -d 'The sink in which to look, a name or a path' -r
complete -c emu -n "__fish_emu_using_subcommand path" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand path" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand path" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand path" -s z -l null -d 'End the path with a NUL instead of a line end'
complete -c emu -n "__fish_emu_using_subcommand path" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand path" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand path" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand path" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand path" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand config; and not __fish_seen_subcommand_from list get set add unset" -l sink -d 'The sink\'s own file' -r
complete -c emu -n "__fish_emu_using_subcommand config; and not __fish_seen_subcommand_from list get set add unset" -l wait -d 'Wait so long for a lock that somebody else holds, instead of giving up at once' -r
complete -c emu -n "__fish_emu_using_subcommand config; and not __fish_seen_subcommand_from list get set add unset" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand config; and not __fish_seen_subcommand_from list get set add unset" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand config; and not __fish_seen_subcommand_from list get set add unset" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand config; and not __fish_seen_subcommand_from list get set add unset" -l user -d 'The user\'s file: $XDG_CONFIG_HOME/emu/config or ~/.config/emu/config'
complete -c emu -n "__fish_emu_using_subcommand config; and not __fish_seen_subcommand_from list get set add unset" -l system -d 'The system\'s file: /etc/emu/config'
complete -c emu -n "__fish_emu_using_subcommand config; and not __fish_seen_subcommand_from list get set add unset" -s n -l dry-run -d 'Print what the file would hold and what would follow, and change nothing'
complete -c emu -n "__fish_emu_using_subcommand config; and not __fish_seen_subcommand_from list get set add unset" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand config; and not __fish_seen_subcommand_from list get set add unset" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand config; and not __fish_seen_subcommand_from list get set add unset" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand config; and not __fish_seen_subcommand_from list get set add unset" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand config; and not __fish_seen_subcommand_from list get set add unset" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand config; and not __fish_seen_subcommand_from list get set add unset" -f -a "list" -d 'List what is set'
complete -c emu -n "__fish_emu_using_subcommand config; and not __fish_seen_subcommand_from list get set add unset" -f -a "get" -d 'Print the value of a key'
complete -c emu -n "__fish_emu_using_subcommand config; and not __fish_seen_subcommand_from list get set add unset" -f -a "set" -d 'Set a key'
complete -c emu -n "__fish_emu_using_subcommand config; and not __fish_seen_subcommand_from list get set add unset" -f -a "add" -d 'Add to a list'
complete -c emu -n "__fish_emu_using_subcommand config; and not __fish_seen_subcommand_from list get set add unset" -f -a "unset" -d 'Remove a key'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from list" -l sink -d 'The sink\'s own file' -r
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from list" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from list" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from list" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from list" -l user -d 'The user\'s file: $XDG_CONFIG_HOME/emu/config or ~/.config/emu/config'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from list" -l system -d 'The system\'s file: /etc/emu/config'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from list" -s n -l dry-run -d 'Print what the file would hold and what would follow, and change nothing'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from list" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from list" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from get" -l sink -d 'The sink\'s own file' -r
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from get" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from get" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from get" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from get" -l user -d 'The user\'s file: $XDG_CONFIG_HOME/emu/config or ~/.config/emu/config'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from get" -l system -d 'The system\'s file: /etc/emu/config'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from get" -s n -l dry-run -d 'Print what the file would hold and what would follow, and change nothing'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from get" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from get" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from get" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from get" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from set" -l sink -d 'The sink\'s own file' -r
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from set" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from set" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from set" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from set" -l user -d 'The user\'s file: $XDG_CONFIG_HOME/emu/config or ~/.config/emu/config'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from set" -l system -d 'The system\'s file: /etc/emu/config'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from set" -s n -l dry-run -d 'Print what the file would hold and what would follow, and change nothing'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from set" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from set" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from set" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from set" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from add" -l sink -d 'The sink\'s own file' -r
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from add" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from add" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from add" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from add" -l user -d 'The user\'s file: $XDG_CONFIG_HOME/emu/config or ~/.config/emu/config'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from add" -l system -d 'The system\'s file: /etc/emu/config'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from add" -s n -l dry-run -d 'Print what the file would hold and what would follow, and change nothing'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from add" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from add" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from add" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from add" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from unset" -l sink -d 'The sink\'s own file' -r
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from unset" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from unset" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from unset" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from unset" -l user -d 'The user\'s file: $XDG_CONFIG_HOME/emu/config or ~/.config/emu/config'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from unset" -l system -d 'The system\'s file: /etc/emu/config'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from unset" -s n -l dry-run -d 'Print what the file would hold and what would follow, and change nothing'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from unset" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from unset" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from unset" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from unset" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand config; and __fish_seen_subcommand_from unset" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand help" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand help" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand help" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand help" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand help" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand help" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand help" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand help" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand version" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand version" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand version" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand version" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand version" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand version" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand version" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand version" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand hash-tree" -l against -d 'A snapshot whose hashes stand for files that did not change; of a sink, its HEAD' -r
complete -c emu -n "__fish_emu_using_subcommand hash-tree" -l exclude -d 'Leave out what fits, as a line of .emu/excludes would; repeat it for more' -r
complete -c emu -n "__fish_emu_using_subcommand hash-tree" -l exclude-from -d 'Leave out what fits a line of this file' -r -F
complete -c emu -n "__fish_emu_using_subcommand hash-tree" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand hash-tree" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand hash-tree" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand hash-tree" -l stdin -d 'Read entries from standard input, sort and check them, and seal them anew'
complete -c emu -n "__fish_emu_using_subcommand hash-tree" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand hash-tree" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand hash-tree" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand hash-tree" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand hash-tree" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand link-snapshot" -l sink -d 'The sink: a name, or a path with a \'/\'' -r
complete -c emu -n "__fish_emu_using_subcommand link-snapshot" -l wait -d 'Wait so long for a lock that somebody else holds, instead of giving up at once' -r
complete -c emu -n "__fish_emu_using_subcommand link-snapshot" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand link-snapshot" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand link-snapshot" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand link-snapshot" -l no-owner -d 'Do not give the files in the sink to their owners'
complete -c emu -n "__fish_emu_using_subcommand link-snapshot" -l allow-empty -d 'Save the source even if it is empty'
complete -c emu -n "__fish_emu_using_subcommand link-snapshot" -l allow-moved -d 'Save the source even if it lies on another file system or machine than at the last push'
complete -c emu -n "__fish_emu_using_subcommand link-snapshot" -l allow-shrunk -d 'Take a source for complete although less than half of it is left'
complete -c emu -n "__fish_emu_using_subcommand link-snapshot" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand link-snapshot" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand link-snapshot" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand link-snapshot" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand link-snapshot" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand commit-snapshot" -l sink -d 'The sink: a name, or a path with a \'/\'' -r
complete -c emu -n "__fish_emu_using_subcommand commit-snapshot" -s m -l message -d 'Say what this snapshot is' -r
complete -c emu -n "__fish_emu_using_subcommand commit-snapshot" -l parent -d 'Publish only if HEAD is this snapshot' -r
complete -c emu -n "__fish_emu_using_subcommand commit-snapshot" -l wait -d 'Wait so long for a lock that somebody else holds, instead of giving up at once' -r
complete -c emu -n "__fish_emu_using_subcommand commit-snapshot" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand commit-snapshot" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand commit-snapshot" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand commit-snapshot" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand commit-snapshot" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand commit-snapshot" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand commit-snapshot" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand commit-snapshot" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand remove-snapshot" -l sink -d 'The sink: a name, or a path with a \'/\'' -r
complete -c emu -n "__fish_emu_using_subcommand remove-snapshot" -l wait -d 'Wait so long for a lock that somebody else holds, instead of giving up at once' -r
complete -c emu -n "__fish_emu_using_subcommand remove-snapshot" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand remove-snapshot" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand remove-snapshot" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand remove-snapshot" -s n -l dry-run -d 'Print what would be removed and freed, and remove nothing'
complete -c emu -n "__fish_emu_using_subcommand remove-snapshot" -s f -l force -d 'Remove HEAD, pinned snapshots and the last complete one as well'
complete -c emu -n "__fish_emu_using_subcommand remove-snapshot" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand remove-snapshot" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand remove-snapshot" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand remove-snapshot" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand remove-snapshot" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand rev-parse" -l sink -d 'The sink of revisions that name none' -r
complete -c emu -n "__fish_emu_using_subcommand rev-parse" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand rev-parse" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand rev-parse" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand rev-parse" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand rev-parse" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand rev-parse" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand rev-parse" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand rev-parse" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand cat-node" -l sink -d 'The sink of revisions that name none' -r
complete -c emu -n "__fish_emu_using_subcommand cat-node" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand cat-node" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand cat-node" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand cat-node" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand cat-node" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand cat-node" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand cat-node" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand cat-node" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand ls-tree" -l sink -d 'The sink of a revision that names none' -r
complete -c emu -n "__fish_emu_using_subcommand ls-tree" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand ls-tree" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand ls-tree" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand ls-tree" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand ls-tree" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand ls-tree" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand ls-tree" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand ls-tree" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand diff-tree" -l sink -d 'The sink of revisions that name none' -r
complete -c emu -n "__fish_emu_using_subcommand diff-tree" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand diff-tree" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand diff-tree" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand diff-tree" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand diff-tree" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand diff-tree" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand diff-tree" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand diff-tree" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand check-exclude" -l exclude -d 'Leave out what fits, as a line of .emu/excludes would; repeat it for more' -r
complete -c emu -n "__fish_emu_using_subcommand check-exclude" -l exclude-from -d 'Leave out what fits a line of this file' -r -F
complete -c emu -n "__fish_emu_using_subcommand check-exclude" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand check-exclude" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand check-exclude" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand check-exclude" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand check-exclude" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand check-exclude" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand check-exclude" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand check-exclude" -s h -l help -d 'Print help'
complete -c emu -n "__fish_emu_using_subcommand verify-tree" -l sink -d 'The sink of revisions that name none' -r
complete -c emu -n "__fish_emu_using_subcommand verify-tree" -s C -d 'Work as if started in DIR; several are followed one after the other' -r -F
complete -c emu -n "__fish_emu_using_subcommand verify-tree" -s S -l source -d 'The source; otherwise EMU_SOURCE, or the nearest source at or above the working directory' -r -F
complete -c emu -n "__fish_emu_using_subcommand verify-tree" -l color -d 'When to use colour: auto, always or never' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`'
always\t'Always'
never\t'Never'"
complete -c emu -n "__fish_emu_using_subcommand verify-tree" -l quick -d 'Look at names, kinds, attributes, sizes and targets only; read no content'
complete -c emu -n "__fish_emu_using_subcommand verify-tree" -s v -l verbose -d 'Say more'
complete -c emu -n "__fish_emu_using_subcommand verify-tree" -s q -l quiet -d 'Say nothing unless something failed'
complete -c emu -n "__fish_emu_using_subcommand verify-tree" -l no-pager -d 'Do not show long answers page by page'
complete -c emu -n "__fish_emu_using_subcommand verify-tree" -l json -d 'Answer in JSON, one record a line; emu-json(5) describes them'
complete -c emu -n "__fish_emu_using_subcommand verify-tree" -s h -l help -d 'Print help'

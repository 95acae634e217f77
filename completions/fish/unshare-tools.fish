# fish completion for unshare-tools: options, their values, and the command with its own, through any number of links.

# A tool's options: name, kinds of the values that follow, text. A '?' marks a value that is joined by '=' or not there.
function __unshare_tools_options
    switch $argv[1]
        case unshare-user
            echo '-r||Caller\'s IDs appear as 0: the default
--map-root-user||Caller\'s IDs appear as 0: the default
-c||Caller\'s IDs stay as they are
--map-current-user||Caller\'s IDs stay as they are
--map-user|uid|Caller\'s user ID appears as ID
--map-group|gid|Caller\'s group ID appears as ID
--map-none||No map
--map-auto||Caller, then its subordinate IDs
--map-users|subuid|Map user IDs: INNER:OUTER:COUNT
--map-groups|subgid|Map group IDs: INNER:OUTER:COUNT
--setgroups|allow,deny|May setgroups(2) be used inside?
-S|uid|Command\'s user ID, inside
--setuid|uid|Command\'s user ID, inside
-G|gid|Command\'s group ID, inside
--setgid|gid|Command\'s group ID, inside
--groups|groups|Command\'s supplementary groups, inside
--drop-caps||Leave the command no capability'
        case unshare-pid
            echo '--init||Run a minimal init as PID 1
--mount-proc|?path|Mount a fresh /proc, or DIR
--pid-file|path|Write the command\'s PID to FILE'
        case unshare-mnt
            echo '--propagation|private,slave,shared,unchanged|What of later mounts passes in or out
--root|path|Make DIR the root
--chdir|path|Start the command in DIR
--bind|path path|Show SRC at DEST
--ro-bind|path path|Show SRC at DEST, read-only
--tmpfs|path|Mount a new, empty tmpfs
--proc|path|Mount a proc(5)
--dev|path|Make a minimal /dev
--sysfs|path|Mount a sysfs(5)
--mqueue|path|Mount the POSIX message queues
--overlay-src|path|A layer for the overlay that follows
--overlay|path path path|Mount the layers: RWSRC WORKDIR DEST
--tmp-overlay|path|Mount the layers, writes vanish
--ro-overlay|path|Mount the layers, read-only
--dir|path|Make a directory
--symlink|path path|Make a symlink: TARGET LINK
--remount-ro|path|Make one mount read-only'
        case unshare-net
            echo '--no-loopback||Leave the loopback interface down
--veth|veth|Make a pair of interfaces
--move|move|Take an interface in
--route|route|Add a route inside
--sysctl|net|Set a network setting'
        case unshare-uts
            echo '--hostname|word|Set the host name, inside only
--domainname|word|Set the NIS domain name, inside only'
        case unshare-ipc
            echo '--sysctl|ipc|Set a limit of this namespace'
        case unshare-time
            echo '--monotonic|word|Shift the monotonic clock
--boottime|word|Shift the boot-time clock'
        case limit-cgroup
            echo '--memory|512M,1G,max|The most memory
--cpus|0.5,1,2,max|The most CPU time, in CPUs
--pids-limit|100,1000,max|The most processes and threads
--set|knob|Write FILE=VALUE to a control file
--parent|path|Make the group in GROUP
--name|word|The group\'s name'
        case nstree
            echo '-t|types|The kind of namespace to show
--type|types|The kind of namespace to show
-J||Print JSON
--json||Print JSON
--dot||Print a drawing for Graphviz'
    end
    if string match -q 'unshare-*' -- $argv[1]
        echo '--keep|path|Bind the namespace to FILE'
    end
    if test $argv[1] != nstree
        echo '--explain||Narrate each call on standard error'
    end
    echo '-h||Print help
--help||Print help
-V||Print version
--version||Print version'
end

# Walks over the options and their values. Prints what stands at the cursor: 'option', 'value KIND', or 'command' with the
# words of the command so far, a line each.
function __unshare_tools_state
    set -l words (commandline -opc)
    set -l tool (string replace -r '.*/' '' -- $words[1])
    set -l options (__unshare_tools_options $tool)
    set -l pending
    for at in (seq 2 (count $words))
        set -l word $words[$at]
        if set -q pending[1]
            set -e pending[1]
        else if test "$word" = --
            printf '%s\n' command $words[(math $at + 1)..]
            return
        else if string match -qr '^--.*=' -- $word
        else if string match -qr -- '^-.' $word
            set -l found (string match -- "$word|*" $options)
            set pending (string split -n ' ' -- (string split '|' -- "$found[1]||")[2])
            string match -qr '^\?' -- "$pending"; and set -e pending
        else if test $tool != nstree
            printf '%s\n' command $words[$at..]
            return
        end
    end
    if set -q pending[1]
        printf '%s\n' value $pending[1]
    else if string match -q -- '-*' (commandline -ct)
        echo option
    else
        echo command
    end
end

function __unshare_tools_at_option
    test (__unshare_tools_state)[1] = option
end

# The settings below directories of /proc/sys, as sysctl(8) writes them.
function __unshare_tools_sysctls
    sh -c 'cd /proc/sys && find "$@" -type f 2>/dev/null' sh $argv | tr ./ /. | string replace -r '$' =
end

# Each word, put after what stands before the last comma.
function __unshare_tools_after_comma
    set -l before (string replace -r '[^,]*$' '' -- (__unshare_tools_token))
    printf '%s\n' $before$argv
end

# The value that is being written, without the option that '=' joins it to.
function __unshare_tools_token
    string replace -r -- '^--[a-z-]+=' '' (commandline -ct)
end

function __unshare_tools_value
    set -l token (__unshare_tools_token)
    switch $argv[1]
        case path
            __fish_complete_path $token
        case uid
            getent passwd | string replace -r '^([^:]*):[^:]*:([0-9]+):.*' '$2\t$1'
        case gid
            getent group | string replace -r '^([^:]*):[^:]*:([0-9]+):.*' '$2\t$1'
        case groups
            __unshare_tools_after_comma (getent group | cut -d: -f3)
        case subuid subgid
            awk -F: -v user=(id -un) '$1 == user { print "0:" $2 ":" $3 }' /etc/$argv[1] 2>/dev/null
        case veth
            set -l bridges /sys/class/net/*/bridge
            set bridges (string replace -r '.*/(.*)/bridge' 'bridge=$1' -- $bridges)
            __unshare_tools_after_comma host= name= address= host-address= bridge= mac= mtu= $bridges
        case move
            if string match -q '*,*' -- $token
                __unshare_tools_after_comma name= address=
            else
                string replace -r '.*/' '' /sys/class/net/*
            end
        case route
            if string match -q '*,*' -- $token
                __unshare_tools_after_comma via= dev=
            else
                echo default,
            end
        case net
            __unshare_tools_sysctls net
        case ipc
            __unshare_tools_sysctls kernel fs/mqueue | string match -r '^(?:kernel\.(?:shm|msg|sem)|fs\.mqueue\.).*'
        case knob
            printf '%s=\n' cpu.max cpu.weight cpuset.cpus cpuset.mems io.max io.weight memory.high memory.low \
                memory.max memory.min memory.swap.max pids.max
        case types
            __unshare_tools_after_comma pid user mnt net uts ipc cgroup time
        case '*,*'
            string split , -- $argv[1]
    end
end

# What stands at the cursor, other than an option.
function __unshare_tools_word
    set -l state (__unshare_tools_state)
    switch $state[1]
        case value
            __unshare_tools_value $state[2]
        case command
            if string match -qr '(^|/)nstree$' -- (commandline -opc)[1]
                __fish_complete_pids
            else
                complete -C (string join ' ' -- (string escape -- $state[2..]) (commandline -ct))
            end
    end
end

# Loaded by the name of one tool, this is for that tool; by its own, for all.
set -l tools (string replace -r '\.fish$' '' (status basename))
if test "$tools" = unshare-tools
    set tools unshare-user unshare-pid unshare-mnt unshare-net unshare-uts unshare-ipc unshare-cgroup unshare-time \
        limit-cgroup nstree
end
for tool in $tools
    complete -c $tool -f -n 'not __unshare_tools_at_option' -a '(__unshare_tools_word)'
    for line in (__unshare_tools_options $tool)
        set -l parts (string split '|' -- $line)
        set -l name (string replace -r '^-+' '' -- $parts[1])
        set -l form -l
        string match -q -- '--*' $parts[1]; or set form -s
        # The value of an option by itself is completed as a word; here is the one that '=' joins.
        set -l value
        if test -n "$parts[2]"; and test $form = -l
            set -l kind (string replace '?' '' -- (string split ' ' -- $parts[2])[1])
            set value -a "(__unshare_tools_value $kind)"
            string match -qr '^\?' -- $parts[2]; or set -a value -r
        end
        complete -c $tool -n __unshare_tools_at_option $form $name -f -d $parts[3] $value
    end
end

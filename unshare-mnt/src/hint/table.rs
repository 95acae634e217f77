//! The causes that only mounts have; the others are in common's table.

common::causes! {
    CHROOT: "A mount namespace inside a chroot",
        "mount(\"/\", MS_REC | MS_PRIVATE): EINVAL: Invalid argument",
        "`/` is no mount point (statx(2))",
        "this process is inside a chroot, whose '/' is no mount point: enter it with 'unshare-mnt --root DIR' instead";
    NO_SOURCE: "A SRC is missing",
        "--bind /nowhere /mnt: open_tree(\"/nowhere\", OPEN_TREE_CLONE | AT_RECURSIVE): ENOENT: No such file or directory",
        "the error number",
        "nothing is at {} in the caller's tree as it was when the line began";
    LONG_PATH: "A path is too long",
        "--tmpfs /aaa...: openat2(\"/aaa...\", O_PATH): ENAMETOOLONG: File name too long",
        "the error number",
        "a path has at most 4095 bytes, a name in it 255";
    OTHER_FILE: "A descriptor whose file has gone",
        "--bind /proc/self/fd/3 /mnt: open_tree(\"/proc/self/fd/3\", OPEN_TREE_CLONE | AT_RECURSIVE): ESTALE: Stale file handle",
        "the name that the kernel knows the descriptor by leads to another inode",
        "another file has the name of the one that the descriptor is open on";
    DEST_MISSING: "A DEST is missing",
        "--tmpfs /nowhere: openat2(\"/nowhere\", O_PATH): ENOENT: No such file or directory",
        "the file system there is not one that this line mounted",
        "make the mount point first: --dir {}";
    CIRCLE: "A path that leads nowhere",
        "--tmpfs /circle: openat2(\"/circle\", O_PATH): ELOOP: Too many levels of symbolic links",
        "the error number",
        "it leads through symlinks in a circle, or through a link of /proc";
    DEST_IS_ROOT: "A DEST that leads to the root directory",
        "--tmpfs /proc/self/root: \"/proc/self/root\" leads to the root directory",
        "device and inode of the two",
        "a mount laid over the root is not seen: write DEST as / to replace the root";
    NO_DIRECTORY: "Something else than a directory",
        "--dir /etc/passwd: mkdir(\"/etc/passwd\"): EEXIST: File exists",
        "its type",
        "something else than a directory is there";
    OCCUPIED: "The place of a link is taken",
        "--symlink x /etc/passwd: symlinkat(\"x\", \"/etc/passwd\"): EEXIST: File exists",
        "what is there is no link to TARGET",
        "something else is there already";
    MADE_MEANWHILE: "Something that cannot be made, and is not there",
        "--dir /link: mkdirat(\"/link\"): EEXIST: File exists",
        "the error number",
        "a symlink that leads nowhere is there, or another process made something";
    UNMAPPED_OWNER: "A directory of an ID without a mapping",
        "--dir /usr/x: mkdirat(\"/usr/x\"): EACCES: Permission denied",
        "the owner of the directory, `/proc/sys/kernel/overflowuid`",
        "the directory belongs to an ID that has no mapping here, so that root inside has no rights over it; in an overlay only the top directory is one's own: name this one as the layer, or lay a --tmpfs over it";
    COPY_UP: "An overlay and an ID without a mapping",
        "--dir /usr/x: mkdirat(\"/usr/x\"): EOVERFLOW: Value too large for defined data type",
        "the error number",
        "an overlay cannot copy up a file whose owner or group has no mapping here: 'unshare-user --map-auto --' maps more IDs";
    READ_ONLY: "A read-only file system",
        "--dir /a: mkdirat(\"/a\"): EROFS: Read-only file system",
        "the error number",
        "the file system there is read-only: let this option stand before what made it so";
    FILE_ON_DIRECTORY: "A file on a directory",
        "--bind /etc/passwd /mnt: move_mount(\"/mnt\"): ENOTDIR: Not a directory",
        "the types of the two",
        "what is to be mounted is not a directory, and DEST is one";
    DIRECTORY_ON_FILE: "A directory on a file",
        "--bind /etc /etc/passwd: move_mount(\"/etc/passwd\"): ENOTDIR: Not a directory",
        "the types of the two",
        "what is to be mounted is a directory, and DEST is not one";
    DEST_GONE: "A DEST that went",
        "--tmpfs /mnt: move_mount(\"/mnt\"): ENOENT: No such file or directory",
        "the error number; it was there a moment before",
        "DEST was removed meanwhile";
    FOREIGN_DEST: "A DEST of another mount namespace",
        "--tmpfs /proc/self/fd/3: move_mount(\"/proc/self/fd/3\"): EINVAL: Invalid argument",
        "the mount there cannot be cloned either",
        "DEST is on a mount of another mount namespace, where a descriptor of the caller's leads: name it by its path";
    FOREIGN_SIGHT: "A file system that shows a namespace of others",
        "--sysfs /sys: fsopen(\"sysfs\"): EPERM: Operation not permitted",
        "the call that was refused; capabilities, filters and AppArmor were ruled out",
        "it would show the current {} namespace, over which this user namespace has no rights: make one with '{} --', and put it after unshare-user";
    NO_SYSFS: "No sysfs to repeat",
        "--sysfs /sys: fsmount(\"sysfs\"): EPERM: Operation not permitted",
        "`/proc/self/mountinfo`",
        "no sysfs is mounted here, and a user namespace may only repeat one that it sees (\"too revealing\")";
    SYSFS_COVERED: "/sys is over-mounted",
        "--sysfs /sys: fsmount(\"sysfs\"): EPERM: Operation not permitted",
        "`/proc/self/mountinfo`",
        "{} lies over a part of the sysfs here, which a new one would reveal (\"too revealing\"): start from where nothing lies over it";
    SYSFS_RESTRICTED: "/sys is restricted",
        "--sysfs /sys: fsmount(\"sysfs\"): EPERM: Operation not permitted",
        "`/proc/self/mountinfo`: nothing lies over it",
        "the sysfs here is restricted, and a new one would reveal more (\"too revealing\")";
    OPEN_FOR_WRITING: "A file that is open for writing",
        "--remount-ro /mnt: mount_setattr(\"/mnt\", MOUNT_ATTR_RDONLY): EBUSY: Device or resource busy",
        "the error number",
        "a file there is open for writing";
    NO_MOUNT_POINT: "Not a mount point",
        "--remount-ro /etc: not a mount point",
        "statx(2)",
        "--ro-bind {} {} makes a directory read-only that is no mount of its own";
    NO_PIVOT: "A root that cannot be left",
        "--root /srv: pivot_root(\".\", \".\"): EINVAL: Invalid argument",
        "a chroot was ruled out",
        "the kernel cannot leave the initial ramfs, nor a root that is shared";
    SHARED_ROOT: "A new root, and shared mounts",
        "--root /srv: a new root needs --propagation private or slave",
        "the options",
        "the kernel's pivot_root refuses shared mounts";
    NO_WORKING_DIRECTORY: "A working directory that is not there",
        "--chdir /nowhere: fchdir(openat2(\"/nowhere\")): ENOENT: No such file or directory",
        "the error number",
        "DIR is looked up inside, after all mounts";
    NO_OVERLAYFS: "No overlayfs",
        "--overlay-src /a --tmp-overlay /b: fsopen(\"overlay\"): ENODEV: No such device",
        "the error number",
        "this kernel has no overlayfs";
    LOCKED_LAYER: "A layer with mounts that may not be lifted",
        "--overlay-src / --tmp-overlay /mnt: fsconfig(\"overlay\", FSCONFIG_CMD_CREATE): EINVAL: Invalid argument",
        "the layer cannot be cloned without its submounts",
        "a layer holds mounts that this user namespace may not lift, and an overlay leaves submounts out: name a directory without submounts, or be real root";
    OVERLAY_FOR_ROOT: "Overlays for real root only",
        "--overlay-src /a --tmp-overlay /b: fsopen(\"overlay\"): EPERM: Operation not permitted",
        "capabilities, filters and AppArmor were ruled out",
        "this kernel mounts overlays for real root only: user namespaces need Linux 5.11";
    OVERLAY_BUSY: "An overlay's directory is in use",
        "--overlay-src /a --overlay /b /c /d: fsconfig(\"overlay\", FSCONFIG_CMD_CREATE): EBUSY: Device or resource busy",
        "the error number",
        "another overlay uses RWSRC or WORKDIR";
    LAYERS_OVERLAP: "Layers that are the same",
        "--overlay-src /a --overlay-src /a --ro-overlay /b: fsconfig(\"overlay\", FSCONFIG_CMD_CREATE): ELOOP: Too many levels of symbolic links",
        "the error number",
        "two of the directories are the same, or one lies within another: each layer stands for itself";
    TWO_MOUNTS: "RWSRC and WORKDIR on two mounts",
        "--overlay-src /a --overlay /b /tmp/c /d: RWSRC and WORKDIR lie on two mounts",
        "the mounts of the two (statx(2))",
        "the kernel moves finished files from WORKDIR to RWSRC: put both on one mount";
}

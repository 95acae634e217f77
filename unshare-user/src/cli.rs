//! The options. Their comments are the texts of `--help`.

use crate::map::{Range, id};
use common::link::LinkArgs;

/// Run a command with its own user and group IDs and capabilities (user namespace)
#[derive(clap::Parser, Default)]
#[command(name = "unshare-user", version, args_override_self = true)]
pub struct Args {
    #[command(flatten)]
    pub map: MapArgs,

    #[command(flatten)]
    pub identity: IdentityArgs,

    #[command(flatten)]
    pub link: LinkArgs,
}

/// Which IDs there are inside, and whose they are outside.
#[derive(clap::Args, Default)]
pub struct MapArgs {
    /// The caller's IDs appear as 0: the default
    #[arg(short = 'r', long, conflicts_with_all = ["map_current_user", "map_user", "map_group", "map_none"])]
    pub map_root_user: bool,

    /// The caller's IDs stay as they are
    #[arg(short = 'c', long, conflicts_with_all = ["map_user", "map_group", "map_none"])]
    pub map_current_user: bool,

    /// The caller's user ID appears as ID
    #[arg(long, value_name = "ID", value_parser = id, conflicts_with_all = ["map_none", "map_auto", "map_users"])]
    pub map_user: Option<u32>,

    /// The caller's group ID appears as ID
    #[arg(long, value_name = "ID", value_parser = id, conflicts_with_all = ["map_none", "map_auto", "map_groups"])]
    pub map_group: Option<u32>,

    /// No map: every ID appears as the overflow ID, 65534
    #[arg(long, conflicts_with_all = ["map_auto", "map_users", "map_groups"])]
    pub map_none: bool,

    /// The caller as 0 (with --map-current-user: as itself), then its subordinate IDs on the lowest free ones
    #[arg(long)]
    pub map_auto: bool,

    /// COUNT user IDs from INNER on are, outside, those from OUTER on (repeatable; replaces the default for users)
    #[arg(long, value_name = "INNER:OUTER:COUNT", value_parser = Range::parse)]
    pub map_users: Vec<Range>,

    /// COUNT group IDs from INNER on are, outside, those from OUTER on (repeatable; replaces the default for groups)
    #[arg(long, value_name = "INNER:OUTER:COUNT", value_parser = Range::parse)]
    pub map_groups: Vec<Range>,

    /// May setgroups(2) be used inside? [default: deny where the kernel wants it so]
    #[arg(long, value_name = "allow|deny", value_parser = ["allow", "deny"], hide_possible_values = true)]
    pub setgroups: Option<String>,
}

/// Who the command is, inside, and what it may do.
#[derive(clap::Args, Default)]
pub struct IdentityArgs {
    /// The command's user ID, inside
    #[arg(short = 'S', long, value_name = "ID", value_parser = id)]
    pub setuid: Option<u32>,

    /// The command's group ID, inside; without --groups its supplementary groups are dropped
    #[arg(short = 'G', long, value_name = "ID", value_parser = id)]
    pub setgid: Option<u32>,

    /// The command's supplementary groups, inside
    #[arg(long, value_name = "ID,...", value_parser = id, value_delimiter = ',')]
    pub groups: Vec<u32>,

    /// Leave the command no capability, and no way to gain one here (it may still make child namespaces)
    #[arg(long)]
    pub drop_caps: bool,
}

//! The two sides of an identity, and what each is called.

/// Users or groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Users,
    Groups,
}

impl Kind {
    /// Where the ranges of a user stand.
    pub fn file(self) -> &'static str {
        match self {
            Kind::Users => "/etc/subuid",
            Kind::Groups => "/etc/subgid",
        }
    }

    /// The program that may write such a map for an ordinary user.
    pub fn program(self) -> &'static str {
        match self {
            Kind::Users => "newuidmap",
            Kind::Groups => "newgidmap",
        }
    }

    /// Who holds it may write such a map: capabilities(7).
    pub fn capability(self) -> u64 {
        const CAP_SETGID: u64 = 1 << 6;
        const CAP_SETUID: u64 = 1 << 7;
        match self {
            Kind::Users => CAP_SETUID,
            Kind::Groups => CAP_SETGID,
        }
    }

    /// `uid_map` or `gid_map`.
    pub fn map_file(self) -> &'static str {
        match self {
            Kind::Users => "uid_map",
            Kind::Groups => "gid_map",
        }
    }

    /// The option that gives such a map.
    pub fn option(self) -> &'static str {
        match self {
            Kind::Users => "--map-users",
            Kind::Groups => "--map-groups",
        }
    }

    /// What it maps: "user" or "group".
    pub fn word(self) -> &'static str {
        match self {
            Kind::Users => "user",
            Kind::Groups => "group",
        }
    }
}

//! Signals by number: nix's `Signal` knows no real-time signals, and a link must pass on every one.

use nix::errno::Errno;
use std::mem::MaybeUninit;
use std::ptr;
use std::time::Duration;

/// `si_code` of a signal that the kernel sent: sigaction(2). With the next two, newer than the oldest `libc` that we take.
pub const SI_KERNEL: i32 = 0x80;
/// `si_code` of a signal that kill(2) sent.
const SI_USER: i32 = 0;
/// `si_code` of a signal that sigqueue(3) sent.
const SI_QUEUE: i32 = -1;

/// What a process does with a signal, as far as it can be inherited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// The default action of signal(7), or a handler: execve(2) makes it the default.
    Default,
    /// Ignored; this survives execve(2).
    Ignore,
}

impl Disposition {
    fn of(action: &libc::sigaction) -> Self {
        if action.sa_sigaction == libc::SIG_IGN { Disposition::Ignore } else { Disposition::Default }
    }
}

/// The disposition of a signal in this process: sigaction(2).
pub fn disposition(signal: i32) -> Disposition {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: with a null new action the call only writes the old one, which is large enough and was zeroed.
    let action = unsafe {
        libc::sigaction(signal, ptr::null(), action.as_mut_ptr());
        action.assume_init()
    };
    Disposition::of(&action)
}

/// Sets the disposition of a signal: sigaction(2). A signal that cannot be changed stays as it is.
pub fn set_disposition(signal: i32, disposition: Disposition) {
    set_handler(
        signal,
        match disposition {
            Disposition::Default => libc::SIG_DFL,
            Disposition::Ignore => libc::SIG_IGN,
        },
    );
}

/// The same for SIGCHLD, and one that is pending stays so, where it is blocked. sigaction(2) alone would discard it: the
/// default ignores it, too.
pub fn set_disposition_of_sigchld(disposition: Disposition) {
    let pending = SignalSet::only(libc::SIGCHLD).wait(Some(Duration::ZERO));
    set_disposition(libc::SIGCHLD, disposition);
    if let Ok(pending) = pending {
        pending.put_back();
    }
}

/// Takes the SIGCHLD that tells of this child, where the caller blocks it: it is none of COMMAND's.
pub fn take_sigchld_of(child: nix::unistd::Pid) {
    if let Ok(arrived) = SignalSet::only(libc::SIGCHLD).wait(Some(Duration::ZERO)) {
        if arrived.of_child() != Some(child) {
            arrived.put_back();
        }
    }
}

/// Gives a signal, which stays blocked, a handler that is never called: for others to see in `/proc/PID/status`. What is
/// pending stays so.
pub fn handle_by_nothing(signal: i32) {
    extern "C" fn nothing(_signal: i32) {}
    set_handler(signal, nothing as extern "C" fn(i32) as usize);
}

/// What sets one gives a handler that does nothing, or none.
fn set_handler(signal: i32, handler: usize) {
    // SAFETY: sigaction is plain old data; all zero is an empty mask, no flags, SIG_DFL.
    let mut action = unsafe { std::mem::zeroed::<libc::sigaction>() };
    action.sa_sigaction = handler;
    // SAFETY: no handler of ours does anything in signal context; the action is valid for the call.
    unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) };
}

/// A set of signals, as the kernel has it: a bit each. The C library's calls leave out the signals that it keeps for its
/// threads: glibc two, musl three, of which one is everybody else's SIGRTMIN.
#[derive(Clone, Copy)]
pub struct SignalSet(pub(super) u64);

impl SignalSet {
    /// Every signal.
    pub fn all() -> Self {
        SignalSet(!0)
    }

    /// One signal.
    pub const fn only(signal: i32) -> Self {
        SignalSet(1 << (signal - 1))
    }

    /// And these.
    pub const fn and(self, others: SignalSet) -> Self {
        SignalSet(self.0 | others.0)
    }

    /// Without these.
    pub fn without(self, others: SignalSet) -> Self {
        SignalSet(self.0 & !others.0)
    }

    /// A bit each, the lowest of signal 1, as in `/proc/PID/status`.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Is one of these among them?
    pub fn has_any(self, others: SignalSet) -> bool {
        self.0 & others.0 != 0
    }

    /// Blocks these signals as well, and gives the mask as it was: rt_sigprocmask(2).
    pub fn block(&self) -> SignalSet {
        self.change(libc::SIG_BLOCK)
    }

    /// Unblocks these signals.
    pub fn unblock(&self) -> SignalSet {
        self.change(libc::SIG_UNBLOCK)
    }

    /// Makes this the mask.
    pub fn set_as_mask(&self) -> SignalSet {
        self.change(libc::SIG_SETMASK)
    }

    fn change(&self, how: i32) -> SignalSet {
        let mut old = 0_u64;
        // SAFETY: both sets are valid for the call and have the size that it is told; it writes the old mask.
        unsafe { libc::syscall(libc::SYS_rt_sigprocmask, how, &raw const self.0, &raw mut old, size_of::<u64>()) };
        SignalSet(old)
    }

    /// Waits until one of these (blocked) signals is pending and takes it: rt_sigtimedwait(2).
    ///
    /// # Errors
    /// EAGAIN when `limit` has passed, EINTR when something else interrupted.
    pub fn wait(&self, limit: Option<Duration>) -> nix::Result<Arrived> {
        let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
        let limit = limit.map(|limit| libc::timespec {
            tv_sec: limit.as_secs().try_into().unwrap_or(i32::MAX.into()),
            tv_nsec: limit.subsec_nanos().into(),
        });
        let limit = limit.as_ref().map_or(ptr::null(), ptr::from_ref);
        let (set, size) = (&raw const self.0, size_of::<u64>());
        // SAFETY: the set, of the size that is told, and the time outlive the call, which writes the siginfo it was given.
        Errno::result(unsafe { libc::syscall(libc::SYS_rt_sigtimedwait, set, info.as_mut_ptr(), limit, size) })?;
        // SAFETY: the call succeeded and filled the structure, which was zeroed before.
        Ok(Arrived(unsafe { info.assume_init() }))
    }
}

/// The signals that are pending for this process: rt_sigpending(2).
pub fn pending_here() -> SignalSet {
    let mut pending = 0_u64;
    // SAFETY: the call writes a set of the size that it is told.
    unsafe { libc::syscall(libc::SYS_rt_sigpending, &raw mut pending, size_of::<u64>()) };
    SignalSet(pending)
}

/// A signal that arrived, with what the kernel tells of its origin.
pub struct Arrived(libc::siginfo_t);

impl Arrived {
    /// Its number.
    pub fn signal(&self) -> i32 {
        self.0.si_signo
    }

    /// Where it came from: `si_code` of sigaction(2).
    pub fn code(&self) -> i32 {
        self.0.si_code
    }

    /// The process that it tells of, where the kernel sent it for a child.
    pub fn of_child(&self) -> Option<nix::unistd::Pid> {
        // SAFETY: the kernel fills si_pid for what it sends for a child.
        let pid = || nix::unistd::Pid::from_raw(unsafe { self.0.si_pid() });
        (self.0.si_signo == libc::SIGCHLD && self.0.si_code > 0).then(pid)
    }

    /// Did this process send it to itself?
    pub fn is_our_own(&self) -> bool {
        // SAFETY: the kernel fills si_pid for what kill(2) sent.
        self.0.si_code == SI_USER && unsafe { self.0.si_pid() } == nix::unistd::getpid().as_raw()
    }

    /// Makes it pending again, as it was: to itself a process may queue whatever the kernel told.
    pub fn put_back(&self) {
        // SAFETY: the kernel reads a siginfo that it filled itself.
        unsafe { libc::syscall(libc::SYS_rt_sigqueueinfo, libc::getpid(), self.0.si_signo, &raw const self.0) };
    }

    /// Sends the same signal to `pid`; one that sigqueue(3) sent keeps its value.
    ///
    /// # Errors
    /// Those of kill(2).
    pub fn pass_on(&self, pid: i32) -> nix::Result<()> {
        if self.0.si_code == SI_QUEUE {
            // SAFETY: the kernel reads a siginfo that it filled itself, and checks its code.
            let sent = unsafe { libc::syscall(libc::SYS_rt_sigqueueinfo, pid, self.0.si_signo, &raw const self.0) };
            return Errno::result(sent).map(drop);
        }
        kill(pid, self.0.si_signo)
    }
}

/// Stops this process by a stop signal's default action, and comes back when it was continued, with every signal blocked, as
/// before. That the kernel decides is the point: in an orphaned process group it stops nobody. False: a SIGCHLD came first,
/// and the signal was taken back.
///
/// A child that was continued with us may at once bring the group the next stop signal, before we have blocked it again, and
/// that one would stop us unseen. So its SIGCHLD, which comes before and, as the lower number, is delivered first, blocks
/// them all.
pub fn stop_by(signal: i32) -> bool {
    let _ = kill(nix::unistd::getpid().as_raw(), signal);
    // Not one from before.
    let before = SignalSet::only(libc::SIGCHLD).wait(Some(Duration::ZERO));
    // SAFETY: sigaction is plain old data; all zero is an empty mask and no flags.
    let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    action.sa_sigaction = block_all as extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::c_void) as usize;
    action.sa_flags = libc::SA_SIGINFO;
    set_disposition(signal, Disposition::Default);
    // SAFETY: the handler puts its signal back, and touches nothing but the context that it is given.
    unsafe {
        libc::sigfillset(&raw mut action.sa_mask);
        libc::sigaction(libc::SIGCHLD, &raw const action, ptr::null_mut());
    }
    let open = SignalSet::only(signal).and(SignalSet::only(libc::SIGCHLD));
    SignalSet::all().without(open).set_as_mask();
    SignalSet::all().set_as_mask();
    // The handler stays, and is never called again: to set the default would discard what is pending. Somebody else's
    // SIGCHLD is the command's.
    if let Ok(before) = before {
        before.put_back();
    }
    match SignalSet::only(signal).wait(Some(Duration::ZERO)) {
        Ok(left) if left.is_our_own() => false,
        Ok(next) => {
            next.put_back();
            true
        }
        Err(_) => true,
    }
}

/// As a handler: what it interrupted goes on with every signal blocked, this one pending again.
extern "C" fn block_all(_signal: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel gives a handler with SA_SIGINFO both, and takes the mask, as large as its sets are, from the
    // ucontext_t on return.
    unsafe {
        *(&raw mut (*context.cast::<libc::ucontext_t>()).uc_sigmask).cast::<u64>() = SignalSet::all().0;
        Arrived(*info).put_back();
    }
}

/// Sends a signal by number: kill(2), with its meanings of `pid`.
///
/// # Errors
/// EPERM, ESRCH.
pub fn kill(pid: i32, signal: i32) -> nix::Result<()> {
    // SAFETY: kill touches no memory of ours.
    Errno::result(unsafe { libc::kill(pid, signal) }).map(drop)
}

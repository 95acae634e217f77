//! The bounds of the main thread's stack, which nobody here asks for.

use libc::{c_int, pthread_attr_t, pthread_t};

/// Says that they are unknown, in the place of the C library's function (pthread_getattr_np(3)). Before `main`, Rust's
/// runtime asks for them so as to word the message of a stack overflow, and the answer costs a reading of
/// `/proc/self/maps`: a tenth of a link's life. An overflow still ends in SIGSEGV.
#[unsafe(no_mangle)]
extern "C" fn pthread_getattr_np(_thread: pthread_t, _attributes: *mut pthread_attr_t) -> c_int {
    libc::ENOSYS
}

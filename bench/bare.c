/* Does nothing either, and has no C library: what of a static program's life is the library's start (see run.sh). */
void _start(void)
{
#if defined __x86_64__
	__asm__ volatile("syscall" : : "a"(60), "D"(0));
#elif defined __aarch64__
	register long number __asm__("x8") = 93, status __asm__("x0") = 0;
	__asm__ volatile("svc 0" : : "r"(number), "r"(status));
#else
#error "exit(2) of this machine"
#endif
	__builtin_unreachable();
}

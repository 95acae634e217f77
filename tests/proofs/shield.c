/* The first process of a PID namespace gets no signal that it does not handle: neither from inside nor from outside. */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
	int to[2], from[2];
	char c;

	if (pipe(to) || pipe(from) || unshare(CLONE_NEWUSER | CLONE_NEWPID))
		return 1;
	pid_t first = fork();
	if (first == 0) {
		kill(getpid(), SIGTERM);
		kill(getpid(), SIGABRT);
		kill(getpid(), SIGPIPE);
		kill(getpid(), SIGSTOP);
		for (;;)
			if (write(from[1], "x", 1) != 1 || read(to[0], &c, 1) != 1)
				_exit(0);
	}
	close(from[1]);
	printf("from inside: %s, ", read(from[0], &c, 1) == 1 ? "alive" : "dead");
	kill(first, SIGTERM);
	if (write(to[1], "x", 1) != 1)
		return 1;
	printf("from outside: %s\n", read(from[0], &c, 1) == 1 ? "alive" : "dead");
	kill(first, SIGKILL);
}

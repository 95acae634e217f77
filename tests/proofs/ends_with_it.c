/* When the first process of a PID namespace ends, the kernel kills all that is left there. */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
	int line[2];
	char c;

	if (pipe(line) || unshare(CLONE_NEWUSER | CLONE_NEWPID))
		return 1;
	if (fork() == 0) {
		if (fork() == 0)
			for (;;)
				pause();
		_exit(0);
	}
	close(line[1]);
	/* Ends when nobody holds the other end any more. */
	printf("orphan %s\n", read(line[0], &c, 1) == 0 ? "gone" : "?");
}

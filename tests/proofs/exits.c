/* The first process of a PID namespace cannot end itself by a signal, whatever it does with it. */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWPID))
		return 1;
	if (fork() == 0) {
		signal(SIGTERM, SIG_DFL);
		kill(getpid(), SIGTERM);
		kill(getpid(), SIGKILL);
		printf("alive\n");
		return 0;
	}
	wait(NULL);
}

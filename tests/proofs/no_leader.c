/* The first process of a PID namespace: its group is its parent's, and neither has a number inside. */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWPID))
		return 1;
	if (fork() == 0) {
		printf("leader %s, group %d, parent %d\n", getpgrp() == getpid() ? "yes" : "no", getpgrp(), getppid());
		return 0;
	}
	wait(NULL);
}

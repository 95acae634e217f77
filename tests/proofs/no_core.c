/* Of the signals that end a process, only SIGKILL reaches the first one of a PID namespace: and that writes no core. */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	int status;

	if (unshare(CLONE_NEWUSER | CLONE_NEWPID))
		return 1;
	pid_t first = fork();
	if (first == 0)
		for (;;)
			pause();
	kill(first, SIGQUIT);
	usleep(50000);
	printf("SIGQUIT: %s, ", waitpid(first, &status, WNOHANG) == 0 ? "alive" : "dead");
	kill(first, SIGKILL);
	waitpid(first, &status, 0);
	printf("SIGKILL: %s\n", WIFSIGNALED(status) && !WCOREDUMP(status) ? "dead" : "?");
}

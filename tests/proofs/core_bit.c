/* A process that dies of a signal without writing a core has no core bit in its status. */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	int status;

	if (fork() == 0) {
		setrlimit(RLIMIT_CORE, &unlimited);
		prctl(PR_SET_DUMPABLE, 0);
		kill(getpid(), SIGABRT);
	}
	wait(&status);
	printf("signal %d, core bit %s\n", WTERMSIG(status), WCOREDUMP(status) ? "yes" : "no");
}

/* What is sent to a process and what is sent to its group look alike: a process cannot know that its child got it too. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static int code(int pid)
{
	sigset_t set;
	siginfo_t info;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	kill(pid, SIGUSR1);
	sigwaitinfo(&set, &info);
	return info.si_code;
}

int main(void)
{
	setpgid(0, 0);
	printf("sent to the process: code %d, ", code(getpid()));
	printf("sent to the group: code %d\n", code(0));
}

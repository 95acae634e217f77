/* A stop signal that is sent to a process stops that process: its child runs on. */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	int line[2], status;
	char c;

	if (pipe(line))
		return 1;
	pid_t parent = fork();
	if (parent == 0) {
		close(line[0]);
		if (fork() == 0)
			for (;;) {
				if (write(line[1], "x", 1) != 1)
					_exit(0);
				usleep(1000);
			}
		for (;;)
			pause();
	}
	close(line[1]);
	if (read(line[0], &c, 1) != 1)
		return 1;
	kill(parent, SIGSTOP);
	waitpid(parent, &status, WUNTRACED);
	for (int i = 0; i < 100; i++)
		if (read(line[0], &c, 1) != 1)
			return 1;
	printf("parent %s, child running\n", WIFSTOPPED(status) ? "stopped" : "?");
	kill(parent, SIGKILL);
}

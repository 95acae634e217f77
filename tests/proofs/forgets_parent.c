/* Who changes its user ID has no parent-death signal any more. */
#define _GNU_SOURCE
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Two user IDs for an ordinary user's process: newuidmap gives it one of those that /etc/subuid lends to the user. */
static void lend_id(pid_t pid)
{
	const struct passwd *user = getpwuid(getuid());
	char line[256], command[256], *id = NULL;
	FILE *file = fopen("/etc/subuid", "r");

	while (user && file && fgets(line, sizeof line, file)) {
		size_t length = strlen(user->pw_name);
		if (strncmp(line, user->pw_name, length) == 0 && line[length] == ':') {
			id = strtok(line + length + 1, ":");
			break;
		}
	}
	snprintf(command, sizeof command, "newuidmap %d 0 %d 1 1 %s 1", pid, getuid(), id ? id : "?");
	if (system(command))
		exit(1);
}

int main(void)
{
	int ready[2], go[2], before = 0, after = 0;
	char c;

	if (pipe(ready) || pipe(go))
		return 1;
	pid_t child = fork();
	if (child == 0) {
		if (getuid() && unshare(CLONE_NEWUSER))
			_exit(1);
		if (write(ready[1], "x", 1) != 1 || read(go[0], &c, 1) != 1)
			_exit(1);
		prctl(PR_SET_PDEATHSIG, 9);
		prctl(PR_GET_PDEATHSIG, &before);
		if (setresuid(1, 1, 1))
			_exit(1);
		prctl(PR_GET_PDEATHSIG, &after);
		printf("before %d, after %d\n", before, after);
		return 0;
	}
	if (read(ready[0], &c, 1) != 1)
		return 1;
	if (getuid())
		lend_id(child);
	if (write(go[1], "x", 1) != 1)
		return 1;
	wait(NULL);
}

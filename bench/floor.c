/* The floor: what a link cannot do without. The calls of one tool, bare, in a static C program: no option, no message, no
 * supervisor. "floor uts COMMAND..." */
#define _GNU_SOURCE
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int refused(const char *call)
{
	perror(call);
	return 125;
}

static int put(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return -1;
	return close(fd);
}

/* One ID, which is 0 inside. */
static int user(void)
{
	char map[32];
	unsigned uid = geteuid(), gid = getegid();
	if (unshare(CLONE_NEWUSER))
		return -1;
	snprintf(map, sizeof map, "0 %u 1", uid);
	if (put("/proc/self/uid_map", map) || put("/proc/self/setgroups", "deny"))
		return -1;
	snprintf(map, sizeof map, "0 %u 1", gid);
	return put("/proc/self/gid_map", map);
}

/* lo up. */
static int net(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int s;
	if (unshare(CLONE_NEWNET) || (s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) < 0 || ioctl(s, SIOCSIFFLAGS, &lo))
		return -1;
	return close(s);
}

static int mnt(void)
{
	return unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

/* The command is PID 1, and this process waits for it. */
static int pid(void)
{
	int status;
	pid_t child;
	if (unshare(CLONE_NEWPID) || (child = fork()) < 0)
		return -1;
	if (child == 0)
		return 0;
	while (waitpid(child, &status, 0) < 0)
		;
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

/* The same with an init beside the command, which is PID 2. */
static int init(void)
{
	int tie[2];
	pid_t first;
	char byte;
	if (unshare(CLONE_NEWPID) || pipe2(tie, O_CLOEXEC) || (first = fork()) < 0)
		return -1;
	if (first == 0) {
		close(tie[1]);
		while (read(tie[0], &byte, 1) < 0)
			;
		_exit(0);
	}
	int status;
	pid_t child = fork();
	if (child <= 0)
		return child;
	while (waitpid(child, &status, 0) < 0)
		;
	kill(first, SIGKILL);
	waitpid(first, NULL, 0);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static int uts(void)
{
	return unshare(CLONE_NEWUTS);
}

static int ipc(void)
{
	return unshare(CLONE_NEWIPC);
}

static const struct {
	const char *name;
	int (*enter)(void);
} links[] = {
	{ "user", user }, { "pid", pid }, { "init", init }, { "mnt", mnt }, { "net", net }, { "uts", uts }, { "ipc", ipc },
};

int main(int argc, char **argv)
{
	if (argc < 3)
		return 125;
	for (size_t i = 0; i < sizeof links / sizeof *links; i++)
		if (strcmp(argv[1], links[i].name) == 0) {
			if (links[i].enter())
				return refused(links[i].name);
			execvp(argv[2], argv + 2);
			return refused(argv[2]);
		}
	return 125;
}

/* Compares two commands: "pair cpu|wall N A... ---- B..." runs them A B A B, N times each, and prints the median of each
 * in microseconds and their ratio. Interleaved, what the machine does beside hits both alike.
 *
 * "cpu" counts the processor time of the command and of all whom it waited for; it bears load that "wall" does not.
 * "pair rate N A... ---- B..." keeps 16 of one kind running until N have ended, then 16 of the other, in ten turns, and
 * prints the launches a second. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PARALLEL = 16, TURNS = 10 };

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static double micros(struct timeval t)
{
	return t.tv_sec * 1e6 + t.tv_usec;
}

static void start(char **argv)
{
	pid_t child = vfork();
	if (child == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	if (child < 0) {
		perror("vfork");
		exit(1);
	}
}

static double end(char **argv)
{
	struct rusage used;
	int status;
	if (wait4(-1, &status, 0, &used) < 0 || status != 0) {
		fprintf(stderr, "pair: %s: status %x\n", argv[0], status);
		exit(1);
	}
	return micros(used.ru_utime) + micros(used.ru_stime);
}

static double once(char **argv, int cpu)
{
	double begin = now();
	start(argv);
	double used = end(argv);
	return cpu ? used : now() - begin;
}

/* Microseconds for `count` launches, 16 at a time. */
static double many(char **argv, int count)
{
	double begin = now();
	int started = 0, ended = 0;
	while (ended < count) {
		while (started < count && started - ended < PARALLEL) {
			start(argv);
			started++;
		}
		end(argv);
		ended++;
	}
	return now() - begin;
}

static int order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *values, int count)
{
	qsort(values, count, sizeof *values, order);
	return values[count / 2];
}

int main(int argc, char **argv)
{
	int at = 3, count = argc > 2 ? atoi(argv[2]) : 0;
	while (at < argc && strcmp(argv[at], "----") != 0)
		at++;
	if (count < 1 || at >= argc - 1 || at == 3) {
		fprintf(stderr, "pair cpu|wall|rate N A... ---- B...\n");
		return 1;
	}
	argv[at] = NULL;
	char **a = argv + 3, **b = argv + at + 1;
	int rate = strcmp(argv[1], "rate") == 0, cpu = strcmp(argv[1], "cpu") == 0;
	int turns = rate ? TURNS : count;
	double *x = calloc(turns, sizeof *x), *y = calloc(turns, sizeof *y);
	for (int i = 0; i < turns; i++) {
		x[i] = rate ? count * 1e6 / many(a, count) : once(a, cpu);
		y[i] = rate ? count * 1e6 / many(b, count) : once(b, cpu);
	}
	double mx = median(x, turns), my = median(y, turns);
	printf("%.1f %.1f %.3f\n", mx, my, mx / my);
	return 0;
}

/* SPDX-License-Identifier: MIT
 *
 * lab-scans HZ FILE: looks at a file that iio_readdev wrote from the MPU-6050 with three axes of acceleration, three of
 * angular velocity and the timestamp (24 bytes a scan: six be:S16, padding, le:S64), while lab-play -r played its ramp
 * at ±8 g and ±1000 °/s. Prints one line of what it saw. Status 0 if the timestamps are on CLOCK_MONOTONIC, in the last
 * minute, and follow each other within 20 % of the period (but for one in a hundred), and the ramp counts by one from
 * scan to scan in every axis.
 */
#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct scan {
	int16_t axis[6];
	int64_t time;
};

static int read_scan(FILE *file, struct scan *scan)
{
	unsigned char bytes[24];
	uint64_t time;

	if (fread(bytes, sizeof(bytes), 1, file) != 1)
		return 0;
	for (int i = 0; i < 6; i++)
		scan->axis[i] = (int16_t)(bytes[2 * i] << 8 | bytes[2 * i + 1]);
	memcpy(&time, bytes + 16, sizeof(time));
	scan->time = (int64_t)le64toh(time);
	return 1;
}

int main(int argc, char **argv)
{
	double period = argc == 3 ? 1e9 / atof(argv[1]) : 0;
	FILE *file = argc == 3 ? fopen(argv[2], "r") : NULL;
	struct scan scan, before = { 0 };
	long count = 0, steps = 0, late = 0, broken = 0;
	double shortest = 1e18, longest = 0, first = 0;
	struct timespec now;

	if (!(period > 0) || !file) {
		fprintf(stderr, "lab-scans: usage: lab-scans HZ FILE (%s)\n", strerror(errno));
		return 2;
	}
	for (; read_scan(file, &scan); before = scan, count++) {
		if (count == 0) {
			first = (double)scan.time;
			continue;
		}
		double step = (double)(scan.time - before.time);

		shortest = step < shortest ? step : shortest;
		longest = step > longest ? step : longest;
		late += step < 0.8 * period || step > 1.2 * period;
		steps++;
		/* Before the ramp's first sample and after its last the board is at rest. */
		for (int i = 0; i < 6; i++)
			broken += scan.axis[i] != (before.axis[i] + 1) % 8192;
	}
	clock_gettime(CLOCK_MONOTONIC, &now);
	double age = now.tv_sec + now.tv_nsec * 1e-9 - before.time * 1e-9;
	int monotonic = age > 0 && age < 60;

	printf("%ld scans in %.3f s, steps %.3f to %.3f ms, %ld out of step, %ld breaks in the ramp, last %.2f s ago%s\n", count,
	       (before.time - first) * 1e-9, shortest * 1e-6, longest * 1e-6, late, broken, age,
	       monotonic ? "" : " (not CLOCK_MONOTONIC)");
	/* An emulated clock ticks late now and then where the host is busy; a scan that is lost breaks the ramp. */
	return steps > 0 && late * 100 <= steps && broken == 0 && monotonic ? 0 : 1;
}

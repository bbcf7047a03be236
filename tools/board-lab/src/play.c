/* SPDX-License-Identifier: MIT
 *
 * lab-play: plays motion into the simulated board's sensor, paced by the sensor's own sampling.
 *
 *   lab-play [-f HZ] FILE   a samples.json as `tacc convert` writes it ({"samples":[{"t":…,"ax":…}…]} or the bare array;
 *                           seconds and SI units, in the board's frame; "-" is standard input). HZ is the rate at which the
 *                           sensor will sample; without it the attribute sampling_frequency is read. A recording at
 *                           another rate is resampled (Catmull-Rom), one at the same rate is played sample by sample.
 *   -w                      first reads and parses, then waits for a line on standard input; -c COUNT plays so many samples
 *                           and no more
 *   lab-play -r COUNT       a ramp for finding lost scans: accel x, y, z and gyro x, y, z all count 0, 1, 2 … 8191, 0 …
 *                           in the raw values of ±8 g and ±1000 °/s
 *   lab-play -s             drops what another lab-play left in the queue, and lays the board flat on the table
 *
 * It ends when the last record is queued, at most 256 samples before that is sampled. After it the board rests in its
 * last pose.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <math.h>
#include <stdint.h>
#include <unistd.h>

#define PROGRAM "lab-play"
#include "recording.h"

#define DEVICE "/dev/boardsim-motion"
/* What the driver says of its finest ranges (0.1 % less than the data sheet), so that what is played is what is read. */
#define ACCEL_LSB (1 / 0.000598)   /* per m/s², ±2 g */
#define GYRO_LSB (1 / 0.000133090) /* per rad/s, ±250 °/s */
#define REST_TEMPERATURE (-521)	   /* 35 °C */

static int device_open(int flags)
{
	int device = open(DEVICE, O_WRONLY | O_CLOEXEC | flags);

	if (device < 0)
		die(DEVICE " (is the module boardsim loaded?)");
	return device;
}

static void device_write(int device, const int32_t record[7])
{
	while (write(device, record, 7 * sizeof(int32_t)) < 0)
		if (errno != EINTR)
			die("writing to " DEVICE);
}

/* From the board's frame to the chip's: the inverse of the mount matrix (0 1 0; -1 0 0; 0 0 1) that the board declares. */
static void to_chip(const double board[3], double lsb, int32_t chip[3])
{
	chip[0] = (int32_t)lround(-board[1] * lsb);
	chip[1] = (int32_t)lround(board[0] * lsb);
	chip[2] = (int32_t)lround(board[2] * lsb);
}

static void play_one(int device, const double axis[6])
{
	int32_t record[7] = { [3] = REST_TEMPERATURE };

	to_chip(axis, ACCEL_LSB, record);
	to_chip(axis + 3, GYRO_LSB, record + 4);
	device_write(device, record);
}

static void play(int device, const struct sample *samples, size_t count, double hertz)
{
	double first = samples[0].t, last = samples[count - 1].t;
	double recorded = (count - 1) / (last - first);

	if (fabs(recorded / hertz - 1) < 0.01) {
		for (size_t i = 0; i < count; i++)
			play_one(device, samples[i].axis);
		return;
	}
	for (size_t n = 0, i = 0; first + n / hertz < last; n++) {
		double t = first + n / hertz, axis[6];

		while (samples[i + 1].t <= t)
			i++;
		for (int j = 0; j < 6; j++)
			axis[j] = between(samples, count, i, (t - samples[i].t) / (samples[i + 1].t - samples[i].t), j);
		play_one(device, axis);
	}
}

static void ramp(int device, long count)
{
	for (long n = 0; n < count; n++) {
		int32_t value = (int32_t)(n % 8192) * 4;
		int32_t record[7] = { value, value, value, REST_TEMPERATURE, value, value, value };

		device_write(device, record);
	}
}

static double sampling_frequency(void)
{
	glob_t paths;
	double hertz = 0;

	if (glob("/sys/bus/iio/devices/iio:device*/sampling_frequency", 0, NULL, &paths) == 0) {
		FILE *file = fopen(paths.gl_pathv[0], "r");

		if (!file || fscanf(file, "%lf", &hertz) != 1)
			die(paths.gl_pathv[0]);
		fclose(file);
		globfree(&paths);
	}
	if (!(hertz > 0))
		refuse("no IIO device has a sampling_frequency; give the rate with -f");
	return hertz;
}

int main(int argc, char **argv)
{
	double hertz = 0;
	long count = 0, most = 0;
	int option, waits = 0;

	while ((option = getopt(argc, argv, "c:f:r:sw")) != -1) {
		switch (option) {
		case 'c':
			most = atol(optarg);
			if (most <= 1)
				refuse("-c wants a number of samples, two at least");
			break;
		case 'w':
			waits = 1;
			break;
		case 'f':
			hertz = atof(optarg);
			if (!(hertz > 0))
				refuse("-f wants a rate in hertz");
			break;
		case 'r':
			count = atol(optarg);
			if (count <= 0)
				refuse("-r wants a number of samples");
			break;
		case 's':
			close(device_open(O_TRUNC));
			return 0;
		default:
			refuse("usage: lab-play [-f HZ] [-c COUNT] [-w] FILE | -r COUNT | -s");
		}
	}
	if (count) {
		ramp(device_open(0), count);
		return 0;
	}
	if (optind != argc - 1)
		refuse("usage: lab-play [-f HZ] [-c COUNT] [-w] FILE | -r COUNT | -s");

	FILE *file = strcmp(argv[optind], "-") ? fopen(argv[optind], "r") : stdin;
	size_t samples;

	if (!file)
		die(argv[optind]);
	struct sample *all = parse(read_all(file), &samples);

	if (most && (size_t)most < samples)
		samples = most;
	if (!(hertz > 0))
		hertz = sampling_frequency();
	if (waits && getchar() == EOF)
		refuse("-w: standard input ended before there was a line");
	play(device_open(0), all, samples, hertz);
	return 0;
}

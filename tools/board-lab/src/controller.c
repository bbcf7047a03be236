/* SPDX-License-Identifier: MIT
 *
 * lab-controller: the motion sensors of a game controller, as the kernel's drivers for them show it: an input device with
 * INPUT_PROP_ACCELEROMETER, units by resolution (linux/input.h), and a clock of its own in MSC_TIMESTAMP; by uinput.
 *
 *   lab-controller [-f HZ] FILE    FILE: a samples.json. HZ: how often it reports, 200 if not given.
 *
 * It lies still in the pose in which the recording begins, and tells on standard output which /dev/input/event it is. A
 * line on standard input plays the recording, after which it lies still in the last pose; the next line plays it again.
 * When standard input ends, the device vanishes.
 */
#include <fcntl.h>
#include <glob.h>
#include <linux/uinput.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define PROGRAM "lab-controller"
#include "recording.h"

#define NAME "Board lab Motion Sensors"
#define GRAVITY 9.80665
#define ACCEL_PER_G 4096   /* ±8 g */
#define GYRO_PER_DEGREE 16 /* per second; ±2048 degrees per second */
#define FULL_SCALE 32768
#define NANOSECONDS 1000000000LL

static const uint16_t codes[6] = { ABS_X, ABS_Y, ABS_Z, ABS_RX, ABS_RY, ABS_RZ };

static void set(int device, unsigned long request, int value)
{
	if (ioctl(device, request, value) < 0)
		die("setting up the input device");
}

static int device_create(void)
{
	int device = open("/dev/uinput", O_WRONLY | O_CLOEXEC);
	struct uinput_setup setup = { .id = { .bustype = BUS_VIRTUAL, .vendor = 0x7acc, .product = 1 }, .name = NAME };

	if (device < 0)
		die("/dev/uinput (is the module uinput loaded?)");
	set(device, UI_SET_PROPBIT, INPUT_PROP_ACCELEROMETER);
	set(device, UI_SET_EVBIT, EV_ABS);
	set(device, UI_SET_EVBIT, EV_MSC);
	set(device, UI_SET_MSCBIT, MSC_TIMESTAMP);
	for (int i = 0; i < 6; i++) {
		struct uinput_abs_setup axis = {
			.code = codes[i],
			.absinfo = { .minimum = -FULL_SCALE, .maximum = FULL_SCALE,
				     .resolution = i < 3 ? ACCEL_PER_G : GYRO_PER_DEGREE },
		};

		if (ioctl(device, UI_ABS_SETUP, &axis) < 0)
			die("setting up an axis");
	}
	if (ioctl(device, UI_DEV_SETUP, &setup) < 0 || ioctl(device, UI_DEV_CREATE) < 0)
		die("creating the input device");
	return device;
}

static void tell_path(int device)
{
	char name[32], pattern[96];
	glob_t paths;

	if (ioctl(device, UI_GET_SYSNAME(sizeof(name)), name) < 0)
		die("asking for the device's name");
	snprintf(pattern, sizeof(pattern), "/sys/devices/virtual/input/%s/event*", name);
	if (glob(pattern, 0, NULL, &paths) != 0)
		refuse("the input device has no event node (is the module evdev loaded?)");
	printf("/dev/input%s\n", strrchr(paths.gl_pathv[0], '/'));
	fflush(stdout);
	globfree(&paths);
}

static int32_t clamped(double value)
{
	return (int32_t)lround(fmax(-FULL_SCALE, fmin(FULL_SCALE, value)));
}

/* One report: the axes, the time by the device's clock, and the end of the packet. */
static void report(int device, const double axis[6], int noise, uint32_t microseconds)
{
	struct input_event events[8] = { 0 };

	for (int i = 0; i < 6; i++) {
		double unit = i < 3 ? ACCEL_PER_G / GRAVITY : GYRO_PER_DEGREE * 180 / M_PI;

		events[i].type = EV_ABS;
		events[i].code = codes[i];
		events[i].value = clamped(axis[i] * unit + (noise ? rand() % (2 * noise + 1) - noise : 0));
	}
	events[6] = (struct input_event){ .type = EV_MSC, .code = MSC_TIMESTAMP, .value = (int32_t)microseconds };
	events[7] = (struct input_event){ .type = EV_SYN, .code = SYN_REPORT };
	if (write(device, events, sizeof(events)) != sizeof(events))
		die("writing to /dev/uinput");
}

/* What came on standard input since the last time: 1 a line, 0 nothing, -1 its end. */
static int heard(void)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	char bytes[64];
	ssize_t count;

	if (poll(&input, 1, 0) <= 0)
		return 0;
	count = read(STDIN_FILENO, bytes, sizeof(bytes));
	if (count <= 0)
		return -1;
	return memchr(bytes, '\n', count) != NULL;
}

int main(int argc, char **argv)
{
	double hertz = 200;
	int option;

	while ((option = getopt(argc, argv, "f:")) != -1) {
		if (option != 'f' || !((hertz = atof(optarg)) >= 1 && hertz <= 1000))
			refuse("usage: lab-controller [-f HZ] FILE, HZ from 1 to 1000");
	}
	if (optind != argc - 1)
		refuse("usage: lab-controller [-f HZ] FILE");

	FILE *file = fopen(argv[optind], "r");
	size_t count, at = 0;

	if (!file)
		die(argv[optind]);
	struct sample *samples = parse(read_all(file), &count);
	const double *pose = samples[0].axis;
	/* A sensor does not wait for a busy processor. Without the right to this, it does. */
	struct sched_param priority = { .sched_priority = 10 };
	struct timespec next;
	int device = device_create();

	tell_path(device);
	sched_setscheduler(0, SCHED_FIFO, &priority);
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (long long n = 0, begin = -1;; n++) {
		int line = heard();
		double axis[6];

		if (line < 0)
			break;
		if (line > 0) {
			begin = n;
			at = 0;
		}
		double t = samples[0].t + (n - begin) / hertz;

		if (begin >= 0 && t >= samples[count - 1].t) {
			begin = -1;
			pose = samples[count - 1].axis;
		}
		if (begin >= 0) {
			while (samples[at + 1].t <= t)
				at++;
			for (int i = 0; i < 6; i++)
				axis[i] = between(samples, count, at, (t - samples[at].t) / (samples[at + 1].t - samples[at].t), i);
		}
		report(device, begin >= 0 ? axis : pose, begin >= 0 ? 0 : 4, (uint32_t)llround(n * 1e6 / hertz));
		next.tv_nsec += (long)(NANOSECONDS / hertz);
		if (next.tv_nsec >= NANOSECONDS) {
			next.tv_nsec -= NANOSECONDS;
			next.tv_sec++;
		}
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
	ioctl(device, UI_DEV_DESTROY);
	return 0;
}

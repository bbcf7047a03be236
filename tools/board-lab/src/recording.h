/* SPDX-License-Identifier: MIT
 *
 * A recording in a samples.json as `tacc convert` writes it: {"samples":[{"t":…,"ax":…}…]} or the bare array; seconds and
 * SI units, in the board's frame. PROGRAM is what errors begin with.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sample {
	double t;
	double axis[6];
};

static void die(const char *what)
{
	fprintf(stderr, PROGRAM ": %s: %s\n", what, strerror(errno));
	exit(1);
}

static void refuse(const char *why)
{
	fprintf(stderr, PROGRAM ": %s\n", why);
	exit(2);
}

static char *read_all(FILE *file)
{
	size_t size = 0, room = 1 << 20;
	char *text = malloc(room);

	while (text) {
		size += fread(text + size, 1, room - size - 1, file);
		if (ferror(file))
			die("reading");
		if (size < room - 1)
			break;
		text = realloc(text, room *= 2);
	}
	if (!text)
		die("memory");
	text[size] = 0;
	return text;
}

/* The number after "key": within [from, to); absent if it is not there. */
static double number(const char *from, const char *to, const char *key, double absent)
{
	char quoted[8];
	const char *found;
	char *end;
	double value;

	snprintf(quoted, sizeof(quoted), "\"%s\"", key);
	found = strstr(from, quoted);
	if (!found || found >= to)
		return absent;
	found += strlen(quoted);
	found += strspn(found, " \t\r\n");
	if (*found != ':')
		refuse("a sample has a key without a value");
	value = strtod(found + 1, &end);
	if (end == found + 1 || end > to)
		refuse("a sample has a value that is no number");
	return value;
}

static struct sample *parse(const char *text, size_t *count)
{
	static const char *keys[6] = { "ax", "ay", "az", "gx", "gy", "gz" };
	size_t room = 1024, used = 0;
	struct sample *samples = malloc(room * sizeof(*samples));
	const char *at = strchr(text, '[');

	while (samples && at && (at = strchr(at, '{'))) {
		const char *end = strchr(at, '}');
		struct sample *sample = &samples[used++];

		if (!end)
			refuse("the last sample has no end");
		sample->t = number(at, end, "t", NAN);
		for (int i = 0; i < 6; i++)
			sample->axis[i] = number(at, end, keys[i], i < 3 ? NAN : 0);
		if (!isfinite(sample->t) || !isfinite(sample->axis[0] + sample->axis[1] + sample->axis[2]))
			refuse("a sample lacks t, ax, ay or az");
		if (used > 1 && sample->t <= samples[used - 2].t)
			refuse("the samples' times do not increase");
		at = end;
		if (used == room)
			samples = realloc(samples, (room *= 2) * sizeof(*samples));
	}
	if (!samples)
		die("memory");
	if (used < 2)
		refuse("no samples found; a samples.json was expected");
	*count = used;
	return samples;
}

/* The value between samples[i] and samples[i + 1] at fraction u. */
static double between(const struct sample *samples, size_t count, size_t i, double u, int axis)
{
	double b = samples[i].axis[axis], c = samples[i + 1].axis[axis];
	double a = i > 0 ? samples[i - 1].axis[axis] : b;
	double d = i + 2 < count ? samples[i + 2].axis[axis] : c;

	return b + 0.5 * u * (c - a + u * (2 * a - 5 * b + 4 * c - d + u * (3 * (b - c) + d - a)));
}

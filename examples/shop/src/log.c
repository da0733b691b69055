/* SPDX-License-Identifier: Apache-2.0 */
#include "log.h"

#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { CRC_DIGITS = 8, LINE_SIZE = CRC_DIGITS + 1 + EVENT_MAX + 2 };

static int g_fd = -1;
static off_t g_end;

static void
crc_of(const char *event, char to[CRC_DIGITS + 1])
{
	snprintf(to, CRC_DIGITS + 1, "%08lx",
	         crc32(0, (const unsigned char *)event, (unsigned int)strlen(event)));
}

/* "CRC event\n" at the end of what is good so far; false when it is not whole. */
static bool
read_line(char line[LINE_SIZE], const char **event)
{
	char crc[CRC_DIGITS + 1];
	ssize_t n = pread(g_fd, line, LINE_SIZE - 1, g_end);
	char *newline = n > 0 ? memchr(line, '\n', (size_t)n) : NULL;

	if (!newline || newline - line < CRC_DIGITS + 2 || line[CRC_DIGITS] != ' ')
		return false;
	*newline = '\0';
	*event = line + CRC_DIGITS + 1;
	crc_of(*event, crc);
	return strlen(line) == (size_t)(newline - line) && memcmp(line, crc, CRC_DIGITS) == 0;
}

bool
log_open(const char *path, bool (*apply)(const char *event))
{
	unsigned long events = 0;
	char line[LINE_SIZE];
	const char *event;
	struct stat st;

	g_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (g_fd < 0) {
		net_log("%s: %s", path, strerror(errno));
		return false;
	}
	while (read_line(line, &event)) {
		if (!apply(event)) {
			net_log("%s: event %lu is not one of ours", path, events + 1);
			return false;
		}
		g_end += (off_t)(CRC_DIGITS + 2 + strlen(event));
		events++;
	}
	if (fstat(g_fd, &st) != 0)
		return false;
	if (st.st_size > g_end) {
		net_log("%s: the last %lld bytes are no event, cut off", path,
		        (long long)(st.st_size - g_end));
		if (ftruncate(g_fd, g_end) != 0)
			return false;
	}
	net_log("%lu events", events);
	return true;
}

bool
log_append(const char *event)
{
	char line[LINE_SIZE], crc[CRC_DIGITS + 1];
	size_t n = strlen(event) + CRC_DIGITS + 2;

	if (strlen(event) > EVENT_MAX || strchr(event, '\n'))
		return false;
	crc_of(event, crc);
	snprintf(line, sizeof line, "%s %s\n", crc, event);
	if (pwrite(g_fd, line, n, g_end) == (ssize_t)n && fdatasync(g_fd) == 0) {
		g_end += (off_t)n;
		return true;
	}
	net_log("the log cannot be written: %s", strerror(errno));
	/* Whatever arrived must not be taken for an event later. */
	if (ftruncate(g_fd, g_end) != 0)
		net_log("and cannot be cut: %s", strerror(errno));
	return false;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static int
open_device(const char *path)
{
	return open(path, O_RDWR | O_CLOEXEC);
}

static int
control(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg);
}

static void
pause_ms(unsigned int ms)
{
	struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};

	while (nanosleep(&t, &t) != 0 && errno == EINTR)
		continue;
}

const struct kernel kernel_own = {open_device, control, pause_ms};

bool
kernel_is_busy(int error)
{
	return error == EBUSY || error == EINTR || error == ETIMEDOUT || error == EAGAIN;
}

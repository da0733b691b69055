/* SPDX-License-Identifier: Apache-2.0 */
#include "log.h"

#include <string.h>

bool
log_key_ok(const char *key)
{
	size_t n = strlen(key);

	return n > 0 && n <= KEY_MAX &&
	       strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_-.") ==
	               n;
}

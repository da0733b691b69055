/* SPDX-License-Identifier: Apache-2.0 */
/* credentials_helper.h: Docker's credential helper protocol (a program beside us). */
#ifndef OCI_CREDENTIALS_HELPER_H
#define OCI_CREDENTIALS_HELPER_H

#include "base/buf.h"

enum { CREDENTIALS_HELPER_MS = 10 * 1000 };

/*
 * Runs `docker-credential-NAME get` from $PATH with the server on standard
 * input; *found says whether it knows it, then its JSON is in `answer` (which
 * must have a maximum). ERR_IO E-OCI-021.
 */
status credentials_helper_get(struct bytes name, struct bytes server, struct buf *answer,
                              bool *found, struct err *err);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* store_code.h: the store operations that a STORE message can name (authority/store.h). */
#ifndef CMD_COORDINATOR_STORE_CODE_H
#define CMD_COORDINATOR_STORE_CODE_H

enum store_code {
	STORE_PUT = 1,
	STORE_GET,
	STORE_APPEND,
	STORE_RECORD,
	STORE_PUT_NAME,
	STORE_GET_NAME,
};

#endif

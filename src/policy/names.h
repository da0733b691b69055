/* SPDX-License-Identifier: Apache-2.0 */
/* names.h: words of policy_data for the enums of data.h, each list ended by NULL. */
#ifndef POLICY_NAMES_H
#define POLICY_NAMES_H

extern const char *const policy_role_names[];
extern const char *const policy_socket_names[];
extern const char *const policy_dynamic_names[];
extern const char *const policy_source_names[];

#endif

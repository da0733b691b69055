/* SPDX-License-Identifier: Apache-2.0 */
/* health.h: plain HTTP for kubelet's probes: /healthz says alive, /readyz asks the service. */
#ifndef SHOP_HEALTH_H
#define SHOP_HEALTH_H

#include <stdbool.h>

void health_door(const char *address, bool (*ready)(void));

#endif

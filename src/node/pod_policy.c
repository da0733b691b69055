/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the runner itself takes from the attested document: which image a
 * container is, and which socket it gets. Judging the host's other wishes by
 * the rules is the agent's work.
 */
#include "node/pod_state.h"

#include "oci/reference.h"
#include "policy/initdata.h"

status
pod_policy_read(struct pod *p, struct err *err)
{
	struct initdata document;
	struct bytes data;

	TRY(initdata_parse(&p->arena, p->document, &document, err));
	TRY(policy_document_data(document.policy, &data, err));
	TRY(policy_data_read(&p->arena, data, &p->policy, err));
	for (size_t i = 0; i < p->spec.n_containers; i++) {
		if (!policy_container_find(&p->policy, p->spec.containers[i].name))
			return err_set(err, ERR_REJECTED, "E-NODE-045",
			               "container \"%.*s\" is not in the policy",
			               BYTES_ARG(p->spec.containers[i].name));
	}
	return OK;
}

status
pod_policy_image(const struct ctr *c, const struct hash256 *digest, struct err *err)
{
	const struct policy_container *policy =
	        policy_container_find(&c->pod->policy, c->spec->name);
	struct reference allowed;

	if (!policy)
		return err_set(err, ERR_REJECTED, "E-NODE-045",
		               "the container is not in the policy");
	TRY(reference_parse(policy->image, &allowed, err));
	if (!allowed.has_digest || !hash256_equal(&allowed.digest, digest)) {
		char got[72], want[72];

		return err_set(err, ERR_REJECTED, "E-NODE-046",
		               "the image is %s, the policy names %s", digest_cstr(digest, got),
		               allowed.has_digest ? digest_cstr(&allowed.digest, want) : "none");
	}
	return OK;
}

bool
pod_policy_socket(const struct ctr *c, const char **ret_destination, const char **ret_socket)
{
	const struct policy_container *policy =
	        policy_container_find(&c->pod->policy, c->spec->name);

	if (!policy || policy->socket == POLICY_SOCKET_NONE)
		return false;
	*ret_destination = policy->socket == POLICY_SOCKET_REPORT ? POLICY_REPORT_SOCKET
	                                                          : POLICY_EVIDENCE_SOCKET;
	*ret_socket = policy->socket == POLICY_SOCKET_REPORT ? "report" : "evidence";
	return true;
}

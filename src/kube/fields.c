/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/fields.h"

#define READ(name)                                                                                 \
	{                                                                                          \
		name, KUBE_READ, NULL                                                              \
	}
#define IGNORE(name)                                                                               \
	{                                                                                          \
		name, KUBE_IGNORE, NULL                                                            \
	}
#define REFUSE(name, why)                                                                          \
	{                                                                                          \
		name, KUBE_REFUSE, why                                                             \
	}

static const struct kube_field pod[] = {
        IGNORE("activeDeadlineSeconds"),
        IGNORE("affinity"),
        READ("automountServiceAccountToken"),
        READ("containers"),
        IGNORE("dnsConfig"),
        IGNORE("dnsPolicy"),
        READ("enableServiceLinks"),
        REFUSE("ephemeralContainers", "ephemeral containers are made while a pod runs"),
        IGNORE("hostAliases"),
        REFUSE("hostIPC", "a confidential VM shares nothing with its host"),
        READ("hostNetwork"),
        REFUSE("hostPID", "a confidential VM shares nothing with its host"),
        IGNORE("hostUsers"),
        READ("hostname"),
        IGNORE("imagePullSecrets"),
        READ("initContainers"),
        IGNORE("nodeName"),
        IGNORE("nodeSelector"),
        IGNORE("os"),
        IGNORE("overhead"),
        IGNORE("preemptionPolicy"),
        IGNORE("priority"),
        IGNORE("priorityClassName"),
        IGNORE("readinessGates"),
        REFUSE("resourceClaims", "device claims are not supported yet"),
        IGNORE("resources"),
        READ("restartPolicy"),
        READ("runtimeClassName"),
        IGNORE("schedulerName"),
        IGNORE("schedulingGates"),
        READ("securityContext"),
        IGNORE("serviceAccount"),
        IGNORE("serviceAccountName"),
        IGNORE("setHostnameAsFQDN"),
        READ("shareProcessNamespace"),
        IGNORE("subdomain"),
        IGNORE("terminationGracePeriodSeconds"),
        IGNORE("tolerations"),
        IGNORE("topologySpreadConstraints"),
        READ("volumes"),
};

static const struct kube_field container[] = {
        READ("args"),
        READ("command"),
        READ("env"),
        READ("envFrom"),
        READ("image"),
        IGNORE("imagePullPolicy"),
        READ("lifecycle"),
        READ("livenessProbe"),
        READ("name"),
        IGNORE("ports"),
        READ("readinessProbe"),
        IGNORE("resizePolicy"),
        IGNORE("resources"),
        READ("restartPolicy"),
        READ("securityContext"),
        READ("startupProbe"),
        REFUSE("stdin", "the policy denies input from the host; remove the field"),
        REFUSE("stdinOnce", "the policy denies input from the host; remove the field"),
        IGNORE("terminationMessagePath"),
        IGNORE("terminationMessagePolicy"),
        READ("tty"),
        READ("volumeDevices"),
        READ("volumeMounts"),
        READ("workingDir"),
};

static const struct kube_field pod_security[] = {
        IGNORE("appArmorProfile"),
        READ("fsGroup"),
        IGNORE("fsGroupChangePolicy"),
        READ("runAsGroup"),
        IGNORE("runAsNonRoot"),
        READ("runAsUser"),
        REFUSE("seLinuxOptions", "SELinux labels of the host mean nothing in the guest"),
        IGNORE("seLinuxChangePolicy"),
        IGNORE("seccompProfile"),
        READ("supplementalGroups"),
        IGNORE("supplementalGroupsPolicy"),
        REFUSE("sysctls", "kernel parameters are not in the policy yet"),
        REFUSE("windowsOptions", "guests run Linux"),
};

static const struct kube_field security[] = {
        READ("allowPrivilegeEscalation"),
        IGNORE("appArmorProfile"),
        READ("capabilities"),
        READ("privileged"),
        REFUSE("procMount", "an unmasked /proc is not in the policy"),
        READ("readOnlyRootFilesystem"),
        READ("runAsGroup"),
        IGNORE("runAsNonRoot"),
        READ("runAsUser"),
        REFUSE("seLinuxOptions", "SELinux labels of the host mean nothing in the guest"),
        IGNORE("seccompProfile"),
        REFUSE("windowsOptions", "guests run Linux"),
};

static const struct kube_field volume[] = {
        READ("name"),
        READ("configMap"),
        READ("secret"),
        READ("emptyDir"),
        READ("projected"),
        READ("downwardAPI"),
        READ("ephemeral"),
        READ("persistentVolumeClaim"),
        REFUSE("hostPath",
               "files of the host are not the deployment's; use a claim or an emptyDir"),
        REFUSE("csi", "use a claim with volumeMode: Block"),
        REFUSE("image", "put the files into the container's image"),
        REFUSE("nfs",
               "file systems of the host are not protected; use a claim with volumeMode: Block"),
        REFUSE("iscsi", "use a claim with volumeMode: Block"),
        REFUSE("fc", "use a claim with volumeMode: Block"),
        REFUSE("rbd", "use a claim with volumeMode: Block"),
        REFUSE("cephfs", "use a claim with volumeMode: Block"),
        REFUSE("glusterfs", "use a claim with volumeMode: Block"),
        REFUSE("azureFile", "use a claim with volumeMode: Block"),
        REFUSE("azureDisk", "use a claim with volumeMode: Block"),
        REFUSE("awsElasticBlockStore", "use a claim with volumeMode: Block"),
        REFUSE("gcePersistentDisk", "use a claim with volumeMode: Block"),
        REFUSE("gitRepo", "put the files into the container's image"),
        REFUSE("flexVolume", "use a claim with volumeMode: Block"),
        REFUSE("cinder", "use a claim with volumeMode: Block"),
        REFUSE("vsphereVolume", "use a claim with volumeMode: Block"),
        REFUSE("portworxVolume", "use a claim with volumeMode: Block"),
        REFUSE("quobyte", "use a claim with volumeMode: Block"),
        REFUSE("scaleIO", "use a claim with volumeMode: Block"),
        REFUSE("storageos", "use a claim with volumeMode: Block"),
        REFUSE("photonPersistentDisk", "use a claim with volumeMode: Block"),
        REFUSE("flocker", "use a claim with volumeMode: Block"),
};

static const struct kube_field mount[] = {
        READ("name"),
        READ("mountPath"),
        READ("readOnly"),
        READ("mountPropagation"),
        IGNORE("recursiveReadOnly"),
        REFUSE("subPath", "mount the whole volume, or use one volume per file"),
        REFUSE("subPathExpr", "mount the whole volume, or use one volume per file"),
};

static const struct kube_field env[] = {
        READ("name"),
        READ("value"),
        READ("valueFrom"),
};

static const struct {
	const char *where;
	const struct kube_field *fields;
	size_t n;
} tables[] = {
        [KUBE_FIELDS_POD] = {"a pod", pod, COUNT_OF(pod)},
        [KUBE_FIELDS_CONTAINER] = {"a container", container, COUNT_OF(container)},
        [KUBE_FIELDS_POD_SECURITY] = {"a pod's securityContext", pod_security,
                                      COUNT_OF(pod_security)},
        [KUBE_FIELDS_SECURITY] = {"a securityContext", security, COUNT_OF(security)},
        [KUBE_FIELDS_VOLUME] = {"a volume", volume, COUNT_OF(volume)},
        [KUBE_FIELDS_MOUNT] = {"a volumeMount", mount, COUNT_OF(mount)},
        [KUBE_FIELDS_ENV] = {"an env entry", env, COUNT_OF(env)},
};

static const struct kube_field *
find(enum kube_fields which, struct bytes name)
{
	for (size_t i = 0; i < tables[which].n; i++)
		if (bytes_is(name, tables[which].fields[i].name))
			return &tables[which].fields[i];
	return NULL;
}

/* A refused field that says "no" anyway (false, null, empty) does no harm. */
static bool
is_off(const struct yaml_node *n)
{
	if (yaml_is_null(n))
		return true;
	if (n->kind != YAML_SCALAR)
		return n->n == 0;
	return n->text.n == 0 || (yaml_type(n) == YAML_BOOL && (n->text.p[0] | 0x20) != 't' &&
	                          (n->text.p[0] | 0x20) != 'y' && !bytes_is(n->text, "on"));
}

status
kube_check_fields(const struct kube_file *f, const struct yaml_node *m, enum kube_fields which,
                  struct err *err)
{
	for (uint32_t i = 0; m && i < m->n; i++) {
		const struct yaml_kid *k = &m->kids[i];
		const struct kube_field *field = find(which, k->key->text);
		int n = (int)MIN(k->key->text.n, 60);
		const char *text = (const char *)k->key->text.p;

		if (!field)
			return kube_at(err,
			               err_hint(err,
			                        err_set(err, ERR_PARSE, "E-KUBE-008",
			                                "%s has no field \"%.*s\"",
			                                tables[which].where, n, text),
			                        "correct the spelling, or remove the field"),
			               f, k->key);
		if (field->treatment == KUBE_REFUSE && !is_off(k->val))
			return kube_at(err,
			               err_hint(err,
			                        err_set(err, ERR_UNSUPPORTED, "E-KUBE-020",
			                                "%.*s cannot be part of a confidential pod",
			                                n, text),
			                        "%s", field->why),
			               f, k->key);
	}
	return OK;
}

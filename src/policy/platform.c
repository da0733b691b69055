/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/platform.h"

static const struct platform rows[] = {
        {"local-ns", "local-ns", "contrast-cc-local-ns", PLATFORM_SNP, PLATFORM_LAUNCHER, true,
         true, "ns", "namespaces of this machine, software secure processor (INSECURE)"},
        {"local-ns-tdx", "local-ns-tdx", "contrast-cc-local-ns-tdx", PLATFORM_TDX,
         PLATFORM_LAUNCHER, true, true, "ns",
         "the same with evidence in the shape of TDX (INSECURE)"},
        {"local-vm", "local-vm", "contrast-cc-local-vm", PLATFORM_SNP, PLATFORM_LAUNCHER, true,
         true, "vm", "micro-VMs on this machine, software secure processor (INSECURE)"},
        {"metal-snp", "Metal-QEMU-SNP", "contrast-cc-metal-snp", PLATFORM_SNP, PLATFORM_ANNOTATION,
         false, false, NULL, "Kata with QEMU on AMD SEV-SNP"},
        {"metal-tdx", "Metal-QEMU-TDX", "contrast-cc-metal-tdx", PLATFORM_TDX, PLATFORM_ANNOTATION,
         false, false, NULL, "Kata with QEMU on Intel TDX"},
        {"aks", "AKS-vTPM-SNP", "contrast-cc-aks", PLATFORM_SNP, PLATFORM_NONE, false, false, NULL,
         "Azure's confidential machines on AMD SEV-SNP: verified, not yet run"},
        {"aks-tdx", "AKS-vTPM-TDX", "contrast-cc-aks-tdx", PLATFORM_TDX, PLATFORM_NONE, false,
         false, NULL, "Azure's confidential machines on Intel TDX: verified, not yet run"},
        {"eks", "EKS-VLEK-SNP", "contrast-cc-eks", PLATFORM_SNP, PLATFORM_NONE, false, false, NULL,
         "AWS's machines on AMD SEV-SNP: verified, not yet run"},
};

/* Names by which Contrast's users know a row. */
static const struct {
	const char *name, *row;
} aliases[] = {
        {"metal-qemu-snp", "metal-snp"}, {"metal-qemu-tdx", "metal-tdx"}, {"aks-vtpm-snp", "aks"},
        {"aks-vtpm-tdx", "aks-tdx"},     {"eks-vlek-snp", "eks"},
};

const struct platform *
platforms(size_t *ret_n)
{
	*ret_n = COUNT_OF(rows);
	return rows;
}

static bool
same_word(struct bytes text, const char *word)
{
	struct bytes w = bytes_str(word);

	if (text.n != w.n)
		return false;
	for (size_t i = 0; i < w.n; i++) {
		uint8_t c = text.p[i];

		if (c >= 'A' && c <= 'Z')
			c |= 0x20;
		if (c != w.p[i])
			return false;
	}
	return true;
}

const struct platform *
platform_find(struct bytes name)
{
	for (size_t i = 0; i < COUNT_OF(aliases); i++)
		if (same_word(name, aliases[i].name))
			name = bytes_str(aliases[i].row);
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (same_word(name, rows[i].name))
			return &rows[i];
	return NULL;
}

const struct platform *
platform_of_class(struct bytes runtime_class)
{
	static const char prefix[] = "contrast-cc-";
	struct bytes rest = bytes_sub(runtime_class, sizeof prefix - 1, runtime_class.n);

	if (!bytes_starts(runtime_class, bytes_str(prefix)))
		return NULL;
	for (;;) {
		const struct platform *p = platform_find(rest);

		if (p)
			return p;
		while (rest.n > 0 && rest.p[rest.n - 1] != '-')
			rest.n--;
		if (rest.n == 0)
			return NULL;
		rest.n--;
	}
}

void
platform_names(struct buf *out)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (rows[i].carrier != PLATFORM_NONE)
			buf_printf(out, "%s%s", i ? ", " : "", rows[i].name);
}

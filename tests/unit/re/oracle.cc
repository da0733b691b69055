// SPDX-License-Identifier: Apache-2.0
// RE2 behind a C interface, for the differential test alone.
#include <re2/re2.h>

#include <cstdint>
#include <vector>

extern "C" {
void *oracle_compile(const char *pattern, size_t n);
void oracle_free(void *re);
int oracle_groups(const void *re);
int oracle_find(const void *re, const char *text, size_t n, size_t from, size_t *spans, int groups);
}

void *
oracle_compile(const char *pattern, size_t n)
{
	RE2::Options options(RE2::Quiet);
	auto *re = new RE2(re2::StringPiece(pattern, n), options);

	if (!re->ok()) {
		delete re;
		return nullptr;
	}
	return re;
}

void
oracle_free(void *re)
{
	delete static_cast<RE2 *>(re);
}

int
oracle_groups(const void *re)
{
	return static_cast<const RE2 *>(re)->NumberOfCapturingGroups() + 1;
}

int
oracle_find(const void *re, const char *text, size_t n, size_t from, size_t *spans, int groups)
{
	std::vector<re2::StringPiece> parts(static_cast<size_t>(groups));
	re2::StringPiece all(text, n);

	if (!static_cast<const RE2 *>(re)->Match(all, from, n, RE2::UNANCHORED, parts.data(), groups))
		return 0;
	for (int i = 0; i < groups; i++) {
		bool set = parts[static_cast<size_t>(i)].data() != nullptr;
		size_t at = set ? static_cast<size_t>(parts[static_cast<size_t>(i)].data() - text) : SIZE_MAX;

		spans[2 * i] = at;
		spans[2 * i + 1] = set ? at + parts[static_cast<size_t>(i)].size() : SIZE_MAX;
	}
	return 1;
}

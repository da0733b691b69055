/* SPDX-License-Identifier: Apache-2.0 */
/* Large blobs: streamed to the cache, hashed on the way, resumed where they broke. */
#include "base/text.h"
#include "oci/registry_http.h"

#include <stdio.h>

enum {
	BROKEN_MAX = 4,                 /* failures without a byte of progress */
	BLOB_TOTAL_MS = 60 * 60 * 1000, /* of one connection; stalls end sooner */
};

struct download {
	struct partial *partial;
	const struct descriptor *blob;
	const struct blob_progress *progress;
};

static void
report(const struct download *d)
{
	if (d->progress)
		d->progress->bytes(d->progress->ctx, d->partial->have, d->blob->size);
}

/* "bytes FROM-..." must continue where we are. */
static bool
continues(const struct transport_response *head, uint64_t have)
{
	struct bytes range = transport_header_get(head, "content-range");
	size_t dash;
	uint64_t from;

	if (!bytes_starts(range, BYTES("bytes ")))
		return false;
	dash = bytes_find_byte(range, '-', 6);
	return dash != SIZE_MAX && text_u64(bytes_sub(range, 6, dash), UINT64_MAX, &from) &&
	       from == have;
}

static status
begin(void *ctx, const struct transport_response *head, struct err *err)
{
	struct download *d = ctx;

	if (head->status == 206 && continues(head, d->partial->have))
		return OK;
	if (head->status == 206)
		return err_set(err, ERR_PARSE, "E-OCI-035",
		               "the registry sent another part of the blob than was asked for");
	/* The whole thing: a server that does not know ranges. */
	return d->partial->have > 0 ? partial_restart(d->partial, err) : OK;
}

static status
take(void *ctx, struct bytes piece, struct err *err)
{
	struct download *d = ctx;

	if (piece.n > d->blob->size - MIN(d->partial->have, d->blob->size))
		return err_set(err, ERR_REJECTED, "E-OCI-033",
		               "the blob is larger than the %llu bytes the manifest says",
		               (unsigned long long)d->blob->size);
	TRY(partial_add(d->partial, piece, err));
	report(d);
	return OK;
}

static status
download_once(struct registry *r, const struct reference *ref, struct download *d, struct err *err)
{
	CLEANUP(transport_response_done) struct transport_response resp = {0};
	char text[72], path[128];
	struct transport_sink sink = {d, begin, take};
	struct registry_request req = {
	        .method = "GET",
	        .path = path,
	        .range_from = d->partial->have,
	        .max_body = OCI_LAYER_BYTES_MAX,
	        .total_ms = BLOB_TOTAL_MS,
	        .sink = &sink,
	};
	status s;

	snprintf(path, sizeof path, "blobs/%s", digest_cstr(&d->blob->digest, text));
	s = registry_send(r, ref, &req, &resp, err);
	/* 416: what an earlier run left is no part of this blob. */
	if (resp.status == 416 && d->partial->have > 0) {
		TRY(partial_restart(d->partial, err));
		req.range_from = 0;
		s = registry_send(r, ref, &req, &resp, err);
	}
	return s;
}

/* Short answers and broken connections go on from where they ended. */
static status
download(struct registry *r, const struct reference *ref, struct download *d, struct err *err)
{
	for (unsigned int broken = 0; d->partial->have < d->blob->size;) {
		uint64_t before = d->partial->have;
		status s = download_once(r, ref, d, err);

		/* What a liar sent is no start for the next attempt. */
		if (s.cls == ERR_REJECTED && d->partial->have > 0)
			TRY(partial_restart(d->partial, NULL));
		if (!is_ok(s) && s.cls != ERR_UNREACHABLE)
			return s;
		broken = d->partial->have > before ? 0 : broken + 1;
		if (broken < BROKEN_MAX)
			continue;
		if (!is_ok(s))
			return s;
		return err_set(err, ERR_REJECTED, "E-OCI-033",
		               "the blob ends after %llu of %llu bytes",
		               (unsigned long long)d->partial->have,
		               (unsigned long long)d->blob->size);
	}
	return OK;
}

static status
fetch(struct registry *r, const struct reference *ref, const struct descriptor *blob,
      const struct blob_progress *progress, struct partial *p, struct err *err)
{
	struct download d = {p, blob, progress};

	if (oci_cache_has(r->options.cache, &blob->digest, blob->size))
		return OK; /* another process was faster */
	if (p->have > blob->size)
		TRY(partial_restart(p, err));
	TRY(download(r, ref, &d, err));
	return partial_finish(p, r->options.cache, &blob->digest, blob->size, err);
}

status
registry_fetch_blob(struct registry *r, const struct reference *ref, const struct descriptor *blob,
                    const struct blob_progress *progress, struct err *err)
{
	struct partial p;
	char text[72];
	bool whole;
	status s;

	TRY(oci_cache_check(r->options.cache, &blob->digest, blob->size, &whole, err));
	if (whole)
		return OK;
	TRY(partial_open(r->options.cache, &blob->digest, &p, err));
	s = fetch(r, ref, blob, progress, &p, err);
	partial_done(&p);
	return err_ctx(err, s, "blob %s of %s/%s", digest_cstr(&blob->digest, text), ref->host,
	               ref->repository);
}

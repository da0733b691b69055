/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resolving images and fetching layers from Debian's docker-registry on
 * loopback, beside the same bytes moved by the same transport without looking
 * at them: what remains is parsing, hashing and the cache.
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/secret.h"
#include "oci/registry.h"
#include "oci/tree.h"
#include "oci/unpack.h"
#include "transport/curl.h"
#include "transport/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { IMAGES = 32, LAYER_BYTES = 64 * 1024 * 1024 };

static struct {
	char dir[64], host[64];
	struct transport *t;
	char manifest_url[IMAGES][256], config_url[IMAGES][256];
	struct reference tagged[IMAGES], pinned[IMAGES];
} g;

static void
must(status s, const struct err *err)
{
	if (is_ok(s))
		return;
	fprintf(stderr, "bench-oci: %s [%s]\n", err->msg, err->id);
	exit(1);
}

static void
send(const char *method, const char *url, struct bytes body, const char *type,
     struct transport_response *r)
{
	struct transport_header h[] = {
	        {BYTES("Content-Type"), bytes_str(type)},
	        {BYTES("Accept"), BYTES("application/vnd.oci.image.manifest.v1+json")},
	};
	struct transport_request req = {.method = method,
	                                .url = bytes_str(url),
	                                .headers = h,
	                                .n_headers = 2,
	                                .body = body,
	                                .max_body = (uint64_t)LAYER_BYTES * 2,
	                                .total_ms = 600000};
	struct err err;

	must(transport_send(g.t, &req, r, &err), &err);
	if (r->status < 200 || r->status > 299) {
		fprintf(stderr, "bench-oci: %s %s: %u\n", method, url, r->status);
		exit(1);
	}
}

/* POST an upload, PUT the bytes: the distribution API's two steps. */
static void
put_blob(const char *name, struct bytes data, struct hash256 *digest)
{
	CLEANUP(transport_response_done) struct transport_response r = {0};
	CLEANUP(buf_done) struct buf url = {0};
	char text[72];

	*digest = sha256(data);
	buf_printf(&url, "http://%s/v2/%s/blobs/uploads/", g.host, name);
	send("POST", buf_cstr(&url), (struct bytes){NULL, 0}, "application/octet-stream", &r);
	buf_reset(&url);
	buf_bytes(&url, transport_header_get(&r, "location"));
	buf_printf(&url, "%cdigest=%s", strchr(buf_cstr(&url), '?') ? '&' : '?',
	           digest_cstr(digest, text));
	send("PUT", buf_cstr(&url), data, "application/octet-stream", &r);
}

static void
push_image(int i)
{
	CLEANUP(transport_response_done) struct transport_response r = {0};
	CLEANUP(buf_done) struct buf config = {0};
	CLEANUP(buf_done) struct buf manifest = {0};
	struct hash256 digest, manifest_digest;
	char name[32], text[72];
	struct err err;

	snprintf(name, sizeof name, "bench/image%d", i);
	buf_printf(&config, "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Env\":[");
	for (int k = 0; k < 40; k++)
		buf_printf(&config, "%s\"VARIABLE_%d_%d=some value of a usual length\"",
		           k ? "," : "", i, k);
	buf_str(&config, "]},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}");
	put_blob(name, buf_view(&config), &digest);
	buf_printf(
	        &manifest,
	        "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
	        "\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":"
	        "\"%s\",\"size\":%zu},\"layers\":[]}",
	        digest_cstr(&digest, text), config.n);
	snprintf(g.config_url[i], sizeof g.config_url[i], "http://%s/v2/%s/blobs/%s", g.host, name,
	         text);
	snprintf(g.manifest_url[i], sizeof g.manifest_url[i], "http://%s/v2/%s/manifests/v1",
	         g.host, name);
	send("PUT", g.manifest_url[i], buf_view(&manifest),
	     "application/vnd.oci.image.manifest.v1+json", &r);
	manifest_digest = sha256(buf_view(&manifest));
	snprintf(text, sizeof text, "%.40s/%.20s:v1", g.host, name);
	must(reference_parse(bytes_str(text), &g.tagged[i], &err), &err);
	g.pinned[i] = g.tagged[i];
	g.pinned[i].has_digest = true;
	g.pinned[i].digest = manifest_digest;
}

static void
print(const char *figure, double value, const char *unit, const char *peer, double peer_value,
      double ratio)
{
	printf("{\"bench\":\"oci\",\"figure\":\"%s\",\"value\":%.4g,\"unit\":\"%s\"", figure, value,
	       unit);
	if (peer)
		printf(",\"peer\":\"%s\",\"peer_value\":%.4g,\"ratio\":%.3g", peer, peer_value,
		       ratio);
	printf("}\n");
	fflush(stdout);
}

static double
ms_since(uint64_t start)
{
	return (double)(clock_mono_ns() - start) / 1e6;
}

static double
resolve_all(const struct reference *refs, struct oci_cache *cache, struct recorder *recorder)
{
	struct registry_options options = {.transport = &recorder->transport, .cache = cache};
	struct registry *r;
	uint64_t start;
	double ms;

	recorder_init(recorder, g.t);
	options.transport = &recorder->transport;
	r = registry_new(&options);
	start = clock_mono_ns();
	for (int i = 0; i < IMAGES; i++) {
		CLEANUP(oci_image_done) struct oci_image image = {0};
		struct err err;

		must(registry_resolve(r, &refs[i], &image, &err), &err);
	}
	ms = ms_since(start) / IMAGES;
	registry_free(r);
	return ms;
}

/* The same requests, the answers thrown away. */
static double
move_all(bool head_only)
{
	uint64_t start = clock_mono_ns();

	for (int i = 0; i < IMAGES; i++) {
		CLEANUP(transport_response_done) struct transport_response r = {0};

		send("HEAD", g.manifest_url[i], (struct bytes){NULL, 0}, "x/y", &r);
		if (head_only)
			continue;
		send("GET", g.manifest_url[i], (struct bytes){NULL, 0}, "x/y", &r);
		send("GET", g.config_url[i], (struct bytes){NULL, 0}, "x/y", &r);
	}
	return ms_since(start) / IMAGES;
}

static void
bench_resolve(struct oci_cache *cache)
{
	struct recorder recorder;
	double floor, ms;

	move_all(false);
	floor = move_all(false);
	ms = resolve_all(g.tagged, cache, &recorder);
	print("resolve an image, cold", ms, "ms", "the same requests, unread", floor, floor / ms);
	print("bytes moved for an image, cold", (double)recorder.bytes_in / IMAGES, "bytes", NULL,
	      0, 0);
	recorder_done(&recorder);
	floor = move_all(true);
	ms = resolve_all(g.tagged, cache, &recorder);
	print("resolve an image by tag, warm", ms, "ms", "one HEAD", floor, floor / ms);
	recorder_done(&recorder);
	ms = resolve_all(g.pinned, cache, &recorder);
	print("resolve a pinned image, warm", ms * 1000, "us", NULL, 0, 0);
	if (recorder.requests != 0) {
		fprintf(stderr, "bench-oci: a pinned image in the cache cost a request\n");
		exit(1);
	}
	recorder_done(&recorder);
}

static status
drop_begin(void *ctx, const struct transport_response *head, struct err *err)
{
	(void)ctx;
	(void)head;
	(void)err;
	return OK;
}

static status
drop_data(void *ctx, struct bytes piece, struct err *err)
{
	(void)err;
	*(uint64_t *)ctx += piece.n;
	return OK;
}

static double
move_layer(const char *url)
{
	CLEANUP(transport_response_done) struct transport_response r = {0};
	uint64_t n = 0, start = clock_mono_ns();
	struct transport_sink sink = {&n, drop_begin, drop_data};
	struct transport_request req = {.method = "GET",
	                                .url = bytes_str(url),
	                                .sink = &sink,
	                                .max_body = (uint64_t)LAYER_BYTES * 2};
	struct err err;

	must(transport_send(g.t, &req, &r, &err), &err);
	return (double)n / 1e6 / (ms_since(start) / 1000);
}

static void
bench_layer(struct oci_cache *cache)
{
	struct registry_options options = {.transport = g.t, .cache = cache};
	struct registry *r = registry_new(&options);
	uint8_t *data = mem_try_alloc(LAYER_BYTES);
	struct descriptor d = {.size = LAYER_BYTES};
	char url[256], text[72];
	double floor, rate;
	struct err err;
	uint64_t start;

	if (!data)
		exit(1);
	random_bytes(data, LAYER_BYTES);
	put_blob("bench/image0", bytes_of(data, LAYER_BYTES), &d.digest);
	mem_free(data);
	snprintf(url, sizeof url, "http://%s/v2/bench/image0/blobs/%s", g.host,
	         digest_cstr(&d.digest, text));
	move_layer(url);
	floor = move_layer(url);
	start = clock_mono_ns();
	must(registry_fetch_blob(r, &g.tagged[0], &d, NULL, &err), &err);
	rate = LAYER_BYTES / 1e6 / (ms_since(start) / 1000);
	print("fetch, hash and store a layer", rate, "MB/s", "the same bytes, unread", floor,
	      rate / floor);
	registry_free(r);
}

static bool
run(const char *action, char *answer, int size)
{
	char command[512];
	const char *root = getenv("CONTRAST_SOURCE_ROOT");
	FILE *p;
	bool ok;

	snprintf(command, sizeof command, "exec %s/scripts/registry %s %s/registry",
	         root ? root : ".", action, g.dir);
	p = popen(command, "r");
	ok = p && fgets(answer, size, p);
	answer[ok ? strcspn(answer, "\n") : 0] = '\0';
	if (p)
		pclose(p);
	return ok;
}

int
main(void)
{
	struct oci_cache cache;
	char path[128], ignored[64];
	struct err err;

	snprintf(g.dir, sizeof g.dir, "/tmp/contrast-bench-XXXXXX");
	if (!mkdtemp(g.dir) || !run("start", g.host, sizeof g.host)) {
		fprintf(stderr, "bench-oci: no docker-registry, skipped\n");
		return 0;
	}
	must(transport_curl_new(NULL, &g.t, &err), &err);
	snprintf(path, sizeof path, "%s/cache", g.dir);
	must(oci_cache_init(&cache, path, &err), &err);
	for (int i = 0; i < IMAGES; i++)
		push_image(i);
	bench_resolve(&cache);
	bench_layer(&cache);
	transport_curl_free(g.t);
	(void)run("stop", ignored, sizeof ignored);
	must(tree_remove(g.dir, &err), &err);
	return 0;
}

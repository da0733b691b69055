/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The image library against a real registry, for the end-to-end tests:
 *   oci-tool [OPTIONS] resolve REFERENCE       one JSON object
 *   oci-tool [OPTIONS] fetch REFERENCE         all layers to the cache
 *   oci-tool [OPTIONS] unpack REFERENCE DIR
 *   oci-tool [OPTIONS] user REFERENCE          uid:gid of the image's USER
 *   oci-tool [OPTIONS] get URL                 one request of the transport
 * Options: --cache DIR, --plain HOST:PORT, --offline, --ca FILE, --max BYTES, --total MS,
 * --trace (what went over the transport, to standard error).
 */
#include "base/file.h"
#include "base/text.h"
#include "oci/accounts.h"
#include "oci/registry.h"
#include "oci/unpack.h"
#include "transport/curl.h"
#include "transport/script.h"

#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

struct tool {
	const char *cache_dir, *plain[1], *ca;
	size_t n_plain;
	bool offline, trace;
	uint64_t max, total_ms;
	struct transport *curl;
	struct recorder recorder;
	struct credentials credentials;
	struct oci_cache cache;
	struct registry *registry;
	struct oci_image image;
};

static status
resolve_argument(struct tool *t, const char *text, struct err *err)
{
	struct reference ref;

	TRY(reference_parse(bytes_str(text), &ref, err));
	return registry_resolve(t->registry, &ref, &t->image, err);
}

static void
put_list(struct arena *a, struct value *to, const char *name, const struct string_list *list)
{
	struct value array = json_array();

	for (size_t i = 0; i < list->n; i++)
		json_add(a, &array, json_string(list->items[i]));
	json_put(a, to, name, array);
}

static struct value
digest_value(struct arena *a, const struct hash256 *digest)
{
	char text[72];

	return json_copy_string(a, bytes_str(digest_cstr(digest, text)));
}

static status
print_image(const struct tool *t, struct err *err)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf out = {0};
	struct value o = json_object(), layers = json_array();

	reference_pin(&t->image.ref, &t->image.digest, &out);
	json_put(&a, &o, "pinned", json_copy_string(&a, buf_view(&out)));
	json_put(&a, &o, "digest", digest_value(&a, &t->image.digest));
	json_put(&a, &o, "manifest", digest_value(&a, &t->image.manifest_digest));
	for (size_t i = 0; i < t->image.manifest.n_layers; i++)
		json_add(&a, &layers, digest_value(&a, &t->image.manifest.layers[i].digest));
	json_put(&a, &o, "layers", layers);
	put_list(&a, &o, "env", &t->image.config.env);
	put_list(&a, &o, "entrypoint", &t->image.config.entrypoint);
	put_list(&a, &o, "cmd", &t->image.config.cmd);
	json_put(&a, &o, "user", json_string(t->image.config.user));
	buf_reset(&out);
	json_write(&o, JSON_INDENT, &out);
	buf_u8(&out, '\n');
	TRY(arena_check(&a, err));
	return fd_write_all(STDOUT_FILENO, buf_view(&out), err);
}

static status
fetch_layers(struct tool *t, struct err *err)
{
	for (size_t i = 0; i < t->image.manifest.n_layers; i++)
		TRY(registry_fetch_blob(t->registry, &t->image.ref, &t->image.manifest.layers[i],
		                        NULL, err));
	return OK;
}

static void
cached_path(void *ctx, const struct hash256 *digest, char to[4096])
{
	oci_cache_path(ctx, digest, to);
}

static status
unpack(struct tool *t, const char *dir, struct err *err)
{
	struct blob_source source = {&t->cache, cached_path};
	struct unpack_options options = {.owners = geteuid() == 0};
	struct unpack_totals totals;

	TRY(fetch_layers(t, err));
	TRY(unpack_image(&t->image.manifest, &t->image.config, &source, dir, &options, &totals,
	                 err));
	printf("%llu files, %llu bytes\n", (unsigned long long)totals.entries,
	       (unsigned long long)totals.bytes);
	return OK;
}

static status
print_user(struct tool *t, struct err *err)
{
	CLEANUP(accounts_cache_done) struct accounts_cache cache = {0};
	CLEANUP(arena_done) struct arena a = {0};
	struct accounts accounts;
	struct user_ids ids;
	char path[4200];

	snprintf(path, sizeof path, "%s/layers-cache.json", t->cache_dir);
	TRY(accounts_cache_load(&cache, path, err));
	TRY(accounts_read(t->registry, &t->cache, &cache, &t->image, &a, &accounts, err));
	TRY(accounts_cache_save(&cache, path, err));
	TRY(user_resolve(t->image.config.user, &accounts, &ids, err));
	printf("%u:%u\n", ids.uid, ids.gid);
	return OK;
}

static status
get(struct tool *t, const char *url, struct err *err)
{
	CLEANUP(transport_response_done) struct transport_response r = {0};
	struct transport_request req = {
	        .method = "GET",
	        .url = bytes_str(url),
	        .max_body = t->max,
	        .total_ms = (uint32_t)t->total_ms,
	};

	TRY(transport_send(&t->recorder.transport, &req, &r, err));
	printf("%u %.*s\n", r.status, BYTES_ARG(r.url));
	fflush(stdout);
	return fd_write_all(STDOUT_FILENO, buf_view(&r.body), err);
}

static status
run(struct tool *t, char **words, int n, struct err *err)
{
	struct bytes verb = bytes_str(n > 0 ? words[0] : "");

	if (bytes_is(verb, "get") && n == 2)
		return get(t, words[1], err);
	if (n < 2)
		return err_set(err, ERR_USAGE, "E-TOOL-001", "usage: see the source");
	TRY(resolve_argument(t, words[1], err));
	if (bytes_is(verb, "resolve"))
		return print_image(t, err);
	if (bytes_is(verb, "fetch"))
		return fetch_layers(t, err);
	if (bytes_is(verb, "unpack") && n == 3)
		return unpack(t, words[2], err);
	if (bytes_is(verb, "user"))
		return print_user(t, err);
	return err_set(err, ERR_USAGE, "E-TOOL-001", "unknown verb");
}

static status
start(struct tool *t, struct err *err)
{
	struct curl_options curl = {.ca_file = t->ca};
	struct registry_options options = {0};

	TRY(transport_curl_new(&curl, &t->curl, err));
	recorder_init(&t->recorder, t->curl);
	TRY(credentials_load(&t->credentials, err));
	if (t->cache_dir)
		TRY(oci_cache_init(&t->cache, t->cache_dir, err));
	options.transport = &t->recorder.transport;
	options.credentials = &t->credentials;
	options.cache = t->cache_dir ? &t->cache : NULL;
	options.plain_hosts = t->plain;
	options.n_plain_hosts = t->n_plain;
	options.offline = t->offline;
	t->registry = registry_new(&options);
	return OK;
}

static void
finish(struct tool *t)
{
	if (t->trace)
		fprintf(stderr, "%.*s", BYTES_ARG(buf_view(&t->recorder.lines)));
	oci_image_done(&t->image);
	registry_free(t->registry);
	recorder_done(&t->recorder);
	credentials_done(&t->credentials);
	transport_curl_free(t->curl);
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
	        {"cache", required_argument, NULL, 'c'}, {"plain", required_argument, NULL, 'p'},
	        {"offline", no_argument, NULL, 'o'},     {"ca", required_argument, NULL, 'a'},
	        {"max", required_argument, NULL, 'm'},   {"total", required_argument, NULL, 't'},
	        {"trace", no_argument, NULL, 'x'},       {NULL, 0, NULL, 0},
	};
	struct tool *t = mem_new(struct tool);
	struct err err = {0};
	char line[2048];
	status s;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'c')
			t->cache_dir = optarg;
		else if (c == 'p')
			t->plain[t->n_plain++ % 1] = optarg;
		else if (c == 'o')
			t->offline = true;
		else if (c == 'a')
			t->ca = optarg;
		else if (c == 'm')
			(void)text_u64(bytes_str(optarg), UINT64_MAX, &t->max);
		else if (c == 't')
			(void)text_u64(bytes_str(optarg), UINT32_MAX, &t->total_ms);
		else if (c == 'x')
			t->trace = true;
		else
			return 2;
	}
	s = start(t, &err);
	if (is_ok(s))
		s = run(t, argv + optind, argc - optind, &err);
	finish(t);
	mem_free(t);
	fflush(stdout);
	if (is_ok(s))
		return 0;
	err_format(&err, line, sizeof line);
	fprintf(stderr, "%s\n", line);
	return err_exit_code(s.cls);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/manifest.h"

#include "oci/reference.h"
#include "oci/show.h"

/* What each media type is to us; everything else is an artifact. */
static const struct {
	const char *name;
	enum oci_manifest_kind kind;
} manifest_types[] = {
        {"application/vnd.oci.image.manifest.v1+json", MANIFEST_IMAGE},
        {"application/vnd.docker.distribution.manifest.v2+json", MANIFEST_IMAGE},
        {"application/vnd.oci.image.index.v1+json", MANIFEST_INDEX},
        {"application/vnd.docker.distribution.manifest.list.v2+json", MANIFEST_INDEX},
};

static const char *const config_types[] = {
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.docker.container.image.v1+json",
};

static const struct {
	const char *name;
	enum layer_kind kind;
} layer_types[] = {
        {"application/vnd.oci.image.layer.v1.tar", LAYER_TAR},
        {"application/vnd.oci.image.layer.v1.tar+gzip", LAYER_GZIP},
        {"application/vnd.oci.image.layer.v1.tar+zstd", LAYER_ZSTD},
        {"application/vnd.docker.image.rootfs.diff.tar", LAYER_TAR},
        {"application/vnd.docker.image.rootfs.diff.tar.gzip", LAYER_GZIP},
        {"application/vnd.docker.image.rootfs.diff.tar.zstd", LAYER_ZSTD},
};

static status
malformed(struct err *err, const char *what)
{
	return err_set(err, ERR_PARSE, "E-OCI-010", "the image manifest is malformed: %s", what);
}

/* Descriptor of a thing: type, digest and size are all there is to trust. */
static status
parse_descriptor(const struct value *v, struct descriptor *ret, struct err *err)
{
	const struct value *type = json_get(v, "mediaType");
	const struct value *digest = json_get(v, "digest");

	*ret = (struct descriptor){0};
	if (!json_is(v, VALUE_OBJECT))
		return malformed(err, "a descriptor is not an object");
	if (!json_is(type, VALUE_STRING) || !json_is(digest, VALUE_STRING))
		return malformed(err, "a descriptor has no mediaType or digest");
	ret->media_type = json_text(type);
	TRY(digest_parse(json_text(digest), &ret->digest, err));
	if (!json_u64(json_get(v, "size"), OCI_LAYER_BYTES_MAX, &ret->size))
		return malformed(err, "a descriptor has no valid size");
	return OK;
}

static bool
is_config_type(struct bytes type)
{
	for (size_t i = 0; i < COUNT_OF(config_types); i++)
		if (bytes_is(type, config_types[i]))
			return true;
	return false;
}

static status
parse_config_descriptor(const struct value *v, struct descriptor *ret, struct err *err)
{
	TRY(err_at(err, parse_descriptor(json_get(v, "config"), ret, err), ".config"));
	if (!is_config_type(ret->media_type))
		return err_set(err, ERR_UNSUPPORTED, "E-OCI-012",
		               "this is not a container image but an artifact of type \"%s\"",
		               show_text(ret->media_type).text);
	if (ret->size > OCI_MANIFEST_MAX)
		return err_set(err, ERR_LIMIT, "E-OCI-014", "the image configuration is too large");
	return OK;
}

static status
parse_layer(const struct value *v, struct descriptor *ret, struct err *err)
{
	TRY(parse_descriptor(v, ret, err));
	for (size_t i = 0; i < COUNT_OF(layer_types); i++) {
		if (bytes_is(ret->media_type, layer_types[i].name)) {
			ret->kind = layer_types[i].kind;
			return OK;
		}
	}
	return err_set(err, ERR_UNSUPPORTED, "E-OCI-012", "layers of type \"%s\" are not supported",
	               show_text(ret->media_type).text);
}

static status
parse_image(struct arena *a, const struct value *v, struct oci_manifest *ret, struct err *err)
{
	const struct value *layers = json_get(v, "layers");

	*ret = (struct oci_manifest){0};
	TRY(parse_config_descriptor(v, &ret->config, err));
	if (!json_is(layers, VALUE_ARRAY))
		return malformed(err, "it has no list of layers");
	if (layers->n > OCI_LAYERS_MAX)
		return err_set(err, ERR_LIMIT, "E-OCI-014", "the image has more than %d layers",
		               OCI_LAYERS_MAX);
	ret->layers = arena_array(a, layers->n ? layers->n : 1, sizeof *ret->layers);
	TRY(arena_check(a, err));
	for (size_t i = 0; i < layers->n; i++)
		TRY(err_at(err, parse_layer(json_item(layers, i), &ret->layers[i], err),
		           ".layers[%zu]", i));
	ret->n_layers = layers->n;
	return OK;
}

/* ---- index ---- */

enum fit { FIT_NONE, FIT_VARIANT, FIT_EXACT };

static bool
is_image_type(struct bytes type)
{
	for (size_t i = 0; i < COUNT_OF(manifest_types); i++)
		if (manifest_types[i].kind == MANIFEST_IMAGE &&
		    bytes_is(type, manifest_types[i].name))
			return true;
	return false;
}

/* How well an entry suits linux/amd64. Attestations say "unknown", or so in an annotation. */
static enum fit
fits(const struct value *entry, bool only_one)
{
	const struct value *platform = json_get(entry, "platform");
	struct bytes variant = json_text(json_get(platform, "variant"));

	if (!is_image_type(json_text(json_get(entry, "mediaType"))) ||
	    json_get(json_get(entry, "annotations"), "vnd.docker.reference.type"))
		return FIT_NONE;
	if (!platform)
		return only_one ? FIT_EXACT : FIT_NONE;
	if (!bytes_is(json_text(json_get(platform, "os")), "linux") ||
	    !bytes_is(json_text(json_get(platform, "architecture")), "amd64"))
		return FIT_NONE;
	return variant.n == 0 || bytes_is(variant, "v1") ? FIT_EXACT : FIT_VARIANT;
}

static status
parse_index(const struct value *v, struct descriptor *ret, struct err *err)
{
	const struct value *list = json_get(v, "manifests");
	const struct value *best = NULL;
	enum fit best_fit = FIT_NONE;

	if (!json_is(list, VALUE_ARRAY))
		return malformed(err, "the index has no list of manifests");
	if (list->n > OCI_INDEX_MAX)
		return err_set(err, ERR_LIMIT, "E-OCI-014", "the index has more than %d manifests",
		               OCI_INDEX_MAX);
	for (size_t i = 0; i < list->n; i++) {
		enum fit f = fits(json_item(list, i), list->n == 1);

		if (f > best_fit) {
			best_fit = f;
			best = json_item(list, i);
		}
	}
	if (!best)
		return err_set(err, ERR_NOT_FOUND, "E-OCI-013",
		               "the image has no variant for linux/amd64");
	TRY(parse_descriptor(best, ret, err));
	if (ret->size > OCI_MANIFEST_MAX)
		return err_set(err, ERR_LIMIT, "E-OCI-014", "the image manifest is too large");
	return OK;
}

/* ---- either ---- */

static bool
kind_of_type(struct bytes type, enum oci_manifest_kind *ret)
{
	for (size_t i = 0; i < COUNT_OF(manifest_types); i++) {
		if (bytes_is(type, manifest_types[i].name)) {
			*ret = manifest_types[i].kind;
			return true;
		}
	}
	return false;
}

/*
 * A text with the members of both kinds reads differently to different
 * clients (CVE-2021-41190), so nobody gets to choose.
 */
static status
kind_of_text(const struct value *v, struct bytes content_type, enum oci_manifest_kind *ret,
             struct err *err)
{
	struct bytes named = json_text(json_get(v, "mediaType"));
	bool image = json_get(v, "layers") || json_get(v, "config");
	bool index = json_get(v, "manifests") != NULL;
	struct bytes claim =
	        bytes_trim(bytes_sub(content_type, 0,
	                             MIN(content_type.n, bytes_find_byte(content_type, ';', 0))));
	enum oci_manifest_kind shape = index ? MANIFEST_INDEX : MANIFEST_IMAGE, said;

	if (image == index)
		return malformed(err, image ? "it is an image and an index at once"
		                            : "it is neither an image nor an index");
	if (json_get(v, "mediaType") && !kind_of_type(named, &said))
		return err_set(err, ERR_UNSUPPORTED, "E-OCI-012",
		               "manifests of type \"%s\" are not supported", show_text(named).text);
	if (named.n > 0 && said != shape)
		return malformed(err, "its mediaType does not fit its contents");
	if (kind_of_type(claim, &said) &&
	    (said != shape || (named.n > 0 && !bytes_equal(named, claim))))
		return err_set(err, ERR_PARSE, "E-OCI-011",
		               "the registry says \"%s\", the manifest itself something else",
		               show_text(claim).text);
	*ret = shape;
	return OK;
}

static status
check_schema(const struct value *v, struct err *err)
{
	uint64_t version;

	if (!json_is(v, VALUE_OBJECT))
		return malformed(err, "it is not a JSON object");
	if (!json_u64(json_get(v, "schemaVersion"), UINT32_MAX, &version))
		return malformed(err, "it has no schemaVersion");
	if (version != 2)
		return err_set(err, ERR_UNSUPPORTED, "E-OCI-012",
		               "manifests of schema version %llu are not supported",
		               (unsigned long long)version);
	return OK;
}

status
oci_manifest_parse(struct arena *a, struct bytes text, struct bytes content_type,
                   enum oci_manifest_kind *ret_kind, struct oci_manifest *ret,
                   struct descriptor *ret_child, struct err *err)
{
	struct json_limits limits = {.depth = 32, .bytes = OCI_MANIFEST_MAX};
	struct value v;

	TRY(err_ctx(err, json_parse(a, text, &limits, &v, err), "the image manifest"));
	TRY(check_schema(&v, err));
	TRY(kind_of_text(&v, content_type, ret_kind, err));
	if (*ret_kind == MANIFEST_INDEX)
		return parse_index(&v, ret_child, err);
	return parse_image(a, &v, ret, err);
}

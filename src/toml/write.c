/* SPDX-License-Identifier: Apache-2.0 */
#include "toml/toml.h"

static bool
bare_key(struct bytes k)
{
	for (size_t i = 0; i < k.n; i++) {
		uint8_t c = k.p[i];

		if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		      c == '_' || c == '-'))
			return false;
	}
	return k.n > 0;
}

static void
escaped(struct bytes text, bool multi, struct buf *out)
{
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c == '\n' && multi)
			buf_u8(out, c);
		else if (c == '\n')
			buf_str(out, "\\n");
		else if ((c < 0x20 && c != '\t') || c == 0x7f)
			buf_printf(out, "\\u%04X", c);
		else
			buf_u8(out, c);
	}
}

/* Verbatim between ''': no carriage returns or other controls, no quote at the end. */
static bool
literal_fits(struct bytes text)
{
	for (size_t i = 0; i < text.n; i++)
		if ((text.p[i] < 0x20 && text.p[i] != '\t' && text.p[i] != '\n') ||
		    text.p[i] == 0x7f)
			return false;
	return bytes_find(text, BYTES("'''"), 0) == SIZE_MAX && !bytes_ends(text, BYTES("'"));
}

void
toml_write(struct bytes key, struct bytes value, struct buf *out)
{
	bool multi = bytes_find_byte(value, '\n', 0) != SIZE_MAX;

	if (bare_key(key)) {
		buf_bytes(out, key);
	} else {
		buf_u8(out, '"');
		escaped(key, false, out);
		buf_u8(out, '"');
	}
	if (multi && literal_fits(value)) {
		buf_str(out, " = '''\n");
		buf_bytes(out, value);
		buf_str(out, "'''\n");
		return;
	}
	buf_str(out, multi ? " = \"\"\"\n" : " = \"");
	escaped(value, multi, out);
	buf_str(out, multi ? "\"\"\"\n" : "\"\n");
}

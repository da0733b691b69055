/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/shamir.h"

/*
 * Product in GF(256), reduced by x^8+x^4+x^3+x+1. Eight rounds whatever the
 * operands are; masks instead of branches, as both may be secret.
 */
static uint8_t
gf_mul(uint8_t a, uint8_t b)
{
	unsigned int x = a, y = b, product = 0;

	for (int i = 0; i < 8; i++) {
		product ^= x & (0U - (y & 1U));
		x = (x << 1) ^ (0x11bU & (0U - (x >> 7)));
		y >>= 1;
	}
	return (uint8_t)product;
}

/* a^254 = 1/a for a != 0 (Fermat in GF(256)). Indexes are public, the time is the same anyway. */
static uint8_t
gf_inverse(uint8_t a)
{
	uint8_t result = 1, power = a;

	for (int i = 1; i < 8; i++) {
		power = gf_mul(power, power);
		result = gf_mul(result, power);
	}
	return result;
}

status
shamir_split_with(struct bytes secret, struct bytes coefficients, uint8_t k, uint8_t n,
                  struct secret *shares, struct err *err)
{
	if (k < 1 || k > n || secret.n == 0 || secret.n > SHAMIR_MAX_SECRET ||
	    coefficients.n != (size_t)(k - 1) * secret.n)
		return err_set(err, ERR_USAGE, "E-SHAMIR-001",
		               "%d of %d shares of %zu bytes cannot be made", k, n, secret.n);
	for (unsigned int i = 0; i < n; i++) {
		uint8_t x = (uint8_t)(i + 1);

		secret_init(&shares[i], secret.n);
		/* Horner from the highest coefficient down; the secret is the constant term. */
		for (size_t at = 0; at < secret.n; at++) {
			uint8_t y = 0;

			for (size_t row = (size_t)k - 1; row > 0; row--)
				y = gf_mul((uint8_t)(y ^ coefficients.p[(row - 1) * secret.n + at]),
				           x);
			shares[i].p[at] = (uint8_t)(y ^ secret.p[at]);
		}
	}
	return OK;
}

status
shamir_split(struct bytes secret, uint8_t k, uint8_t n, struct secret *shares, struct err *err)
{
	CLEANUP(secret_done) struct secret coefficients = {0};

	if (k < 1 || secret.n > SHAMIR_MAX_SECRET)
		return shamir_split_with(secret, BYTES(""), 0, n, shares, err);
	secret_random(&coefficients, (size_t)(k - 1) * secret.n);
	return shamir_split_with(secret, secret_view(&coefficients), k, n, shares, err);
}

static bool
usable(const uint8_t *indexes, const struct bytes *shares, size_t k)
{
	if (k < 1 || k > SHAMIR_MAX_SHARES)
		return false;
	for (size_t i = 0; i < k; i++) {
		if (indexes[i] == 0 || shares[i].n != shares[0].n || shares[i].n == 0)
			return false;
		for (size_t j = 0; j < i; j++)
			if (indexes[i] == indexes[j])
				return false;
	}
	return true;
}

/* Lagrange at x = 0: the factor of share i is the product of x_j / (x_j - x_i). */
static uint8_t
factor(const uint8_t *indexes, size_t k, size_t i)
{
	uint8_t above = 1, below = 1;

	for (size_t j = 0; j < k; j++) {
		if (j == i)
			continue;
		above = gf_mul(above, indexes[j]);
		below = gf_mul(below, (uint8_t)(indexes[j] ^ indexes[i]));
	}
	return gf_mul(above, gf_inverse(below));
}

status
shamir_combine(const uint8_t *indexes, const struct bytes *shares, size_t k, struct secret *ret,
               struct err *err)
{
	if (!usable(indexes, shares, k))
		return err_set(err, ERR_USAGE, "E-SHAMIR-002",
		               "the shares have no distinct indexes or no equal length");
	secret_init(ret, shares[0].n);
	for (size_t i = 0; i < k; i++) {
		uint8_t f = factor(indexes, k, i);

		for (size_t at = 0; at < ret->n; at++)
			ret->p[at] ^= gf_mul(f, shares[i].p[at]);
	}
	return OK;
}

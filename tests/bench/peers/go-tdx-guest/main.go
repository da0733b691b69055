// SPDX-License-Identifier: Apache-2.0

// peer-go-tdx-guest QUOTE COLLATERAL.json|- SECONDS BATCHES: the verdict of go-tdx-guest on a quote
// with collateral and revocation lists at hand, or on quote and chain alone, and its time from bytes
// to verdict: the best of BATCHES short batches, as in our bench.
package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-tdx-guest/verify"
)

const batch = 20 * time.Millisecond

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "peer-go-tdx-guest:", err)
		os.Exit(1)
	}
}

func read(path string) []byte {
	b, err := os.ReadFile(path)
	fail(err)
	return b
}

type answer struct {
	header map[string][]string
	body   []byte
}

// What Intel's service would answer, made ready beforehand: Get only hands it out.
type service struct{ tcb, identity, pck, root answer }

func (s *service) Get(u string) (map[string][]string, []byte, error) {
	a := &s.root
	switch {
	case strings.Contains(u, "/pckcrl"):
		a = &s.pck
	case strings.Contains(u, "/qe/identity"):
		a = &s.identity
	case strings.Contains(u, "/tcb"):
		a = &s.tcb
	}
	return a.header, a.body, nil
}

func chain(name, pem string) map[string][]string {
	return map[string][]string{name: {url.QueryEscape(pem)}}
}

func open(path string) *service {
	if path == "-" {
		return nil
	}
	var c struct {
		PckChain      string `json:"pck_crl_issuer_chain"`
		RootCrl       string `json:"root_ca_crl"`
		PckCrl        string `json:"pck_crl"`
		TcbChain      string `json:"tcb_info_issuer_chain"`
		Tcb           string `json:"tcb_info"`
		TcbSignature  string `json:"tcb_info_signature"`
		IdentityChain string `json:"qe_identity_issuer_chain"`
		Identity      string `json:"qe_identity"`
		IdSignature   string `json:"qe_identity_signature"`
	}
	fail(json.Unmarshal(read(path), &c))
	root, err := hex.DecodeString(c.RootCrl)
	fail(err)
	pck, err := hex.DecodeString(c.PckCrl)
	fail(err)
	signed := func(name, text, signature string) []byte {
		return []byte(fmt.Sprintf(`{"%s":%s,"signature":"%s"}`, name, text, signature))
	}
	return &service{
		tcb:      answer{chain("Tcb-Info-Issuer-Chain", c.TcbChain), signed("tcbInfo", c.Tcb, c.TcbSignature)},
		identity: answer{chain("Sgx-Enclave-Identity-Issuer-Chain", c.IdentityChain), signed("enclaveIdentity", c.Identity, c.IdSignature)},
		pck:      answer{chain("Sgx-Pck-Crl-Issuer-Chain", c.PckChain), pck},
		root:     answer{nil, root},
	}
}

func judge(quote []byte, s *service, now time.Time) error {
	return verify.RawTdxQuote(quote, &verify.Options{
		CheckRevocations: s != nil,
		GetCollateral:    s != nil,
		Getter:           s,
		Now:              now,
	})
}

func times(n int, work func()) time.Duration {
	start := time.Now()
	for i := 0; i < n; i++ {
		work()
	}
	return time.Since(start)
}

func main() {
	if len(os.Args) != 5 {
		fail(fmt.Errorf("usage: peer-go-tdx-guest QUOTE COLLATERAL SECONDS BATCHES"))
	}
	quote, s := read(os.Args[1]), open(os.Args[2])
	seconds, err := strconv.ParseInt(os.Args[3], 10, 64)
	fail(err)
	batches, err := strconv.Atoi(os.Args[4])
	fail(err)
	now := time.Unix(seconds, 0)

	if err := judge(quote, s, now); err != nil {
		fmt.Println("verdict rejected")
		fmt.Printf("why %q\n", err.Error())
		return
	}
	fmt.Println("verdict accepted")
	work := func() { fail(judge(quote, s, now)) }
	n := 1
	for times(n, work) <= batch {
		n *= 2
	}
	best := time.Duration(0)
	for b := 0; b < batches; b++ {
		if took := times(n, work); b == 0 || took < best {
			best = took
		}
	}
	fmt.Printf("verify_us %.3f\n", float64(best.Nanoseconds())/float64(n)/1000)
}

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
	"strings"
	"time"

	"github.com/google/go-tdx-guest/verify"

	"peer-go-guests/common"
)

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
	common.Fail(json.Unmarshal(common.Read(path), &c))
	root, err := hex.DecodeString(c.RootCrl)
	common.Fail(err)
	pck, err := hex.DecodeString(c.PckCrl)
	common.Fail(err)
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

func main() {
	if len(os.Args) != 5 {
		common.Fail(fmt.Errorf("usage: peer-go-tdx-guest QUOTE COLLATERAL|- SECONDS BATCHES"))
	}
	quote, s, now := common.Read(os.Args[1]), open(os.Args[2]), common.When(os.Args[3])
	common.Report(func() error { return judge(quote, s, now) }, os.Args[4])
}

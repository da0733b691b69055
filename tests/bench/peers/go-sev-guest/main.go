// SPDX-License-Identifier: Apache-2.0

// peer-go-sev-guest REPORT VEK.der CHAIN.pem SECONDS BATCHES: the verdict of go-sev-guest on a report,
// and its time from bytes to verdict: the best of BATCHES short batches, as in our bench. CHAIN has
// AMD's intermediate first, then the root, which must be the one that the module has built in.
package main

import (
	"encoding/pem"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/google/go-sev-guest/abi"
	spb "github.com/google/go-sev-guest/proto/sevsnp"
	"github.com/google/go-sev-guest/verify"
)

const batch = 20 * time.Millisecond

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "peer-go-sev-guest:", err)
		os.Exit(1)
	}
}

func read(path string) []byte {
	b, err := os.ReadFile(path)
	fail(err)
	return b
}

func judge(report, vek, ask, ark []byte, now time.Time) error {
	parsed, err := abi.ReportToProto(report)
	if err != nil {
		return err
	}
	attestation := &spb.Attestation{
		Report:           parsed,
		CertificateChain: &spb.CertificateChain{VcekCert: vek, AskCert: ask, ArkCert: ark},
		Product:          &spb.SevProduct{Name: spb.SevProduct_SEV_PRODUCT_MILAN},
	}
	return verify.SnpAttestation(attestation, &verify.Options{
		DisableCertFetching: true,
		Now:                 now,
		Product:             attestation.Product,
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
	if len(os.Args) != 6 {
		fail(fmt.Errorf("usage: peer-go-sev-guest REPORT VEK CHAIN SECONDS BATCHES"))
	}
	report, vek := read(os.Args[1]), read(os.Args[2])
	ask, rest := pem.Decode(read(os.Args[3]))
	ark, _ := pem.Decode(rest)
	seconds, err := strconv.ParseInt(os.Args[4], 10, 64)
	fail(err)
	batches, err := strconv.Atoi(os.Args[5])
	fail(err)
	now := time.Unix(seconds, 0)

	if err := judge(report, vek, ask.Bytes, ark.Bytes, now); err != nil {
		fmt.Println("verdict rejected")
		fmt.Printf("why %q\n", err.Error())
		return
	}
	fmt.Println("verdict accepted")
	work := func() { fail(judge(report, vek, ask.Bytes, ark.Bytes, now)) }
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

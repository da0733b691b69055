// SPDX-License-Identifier: Apache-2.0

// peer-go-sev-guest REPORT VEK.der CHAIN.pem SECONDS BATCHES: the verdict of go-sev-guest on a report,
// and its time from bytes to verdict: the best of BATCHES short batches, as in our bench. CHAIN has
// AMD's intermediate first, then the root, which must be the one that the module has built in.
package main

import (
	"encoding/pem"
	"fmt"
	"os"
	"time"

	"github.com/google/go-sev-guest/abi"
	spb "github.com/google/go-sev-guest/proto/sevsnp"
	"github.com/google/go-sev-guest/verify"

	"peer-go-guests/common"
)

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

func main() {
	if len(os.Args) != 6 {
		common.Fail(fmt.Errorf("usage: peer-go-sev-guest REPORT VEK CHAIN SECONDS BATCHES"))
	}
	report, vek, now := common.Read(os.Args[1]), common.Read(os.Args[2]), common.When(os.Args[4])
	ask, rest := pem.Decode(common.Read(os.Args[3]))
	ark, _ := pem.Decode(rest)
	common.Report(func() error { return judge(report, vek, ask.Bytes, ark.Bytes, now) }, os.Args[5])
}

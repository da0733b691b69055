// SPDX-License-Identifier: Apache-2.0

// peer-opa POLICY INPUT DATA QUERY v0|v1 BATCHES: OPA's times for one decision,
// one figure a line. Each is the best of BATCHES short batches, as in our bench.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown/print"
	"github.com/open-policy-agent/opa/v1/util"
)

const batch = 1500 * time.Microsecond

// Prints are collected and thrown away, as the agent's log would take them.
type nowhere struct{}

func (nowhere) Print(print.Context, string) error { return nil }

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "peer-opa:", err)
		os.Exit(1)
	}
}

func times(n int, work func()) time.Duration {
	start := time.Now()
	for i := 0; i < n; i++ {
		work()
	}
	return time.Since(start)
}

func measure(name string, batches int, work func()) {
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
	fmt.Printf("%s %.3f\n", name, float64(best.Nanoseconds())/float64(n)/1000)
}

// prepare is what happens once: parse the policy, compile it, plan the query.
func prepare(ctx context.Context, policy, data []byte, query string, v0, prints bool) rego.PreparedEvalQuery {
	version := ast.RegoV1
	if v0 {
		version = ast.RegoV0
	}
	var documents map[string]any
	fail(util.UnmarshalJSON(data, &documents))
	options := []func(*rego.Rego){
		rego.Query(query),
		rego.Module("policy.rego", string(policy)),
		rego.SetRegoVersion(version),
		rego.Store(inmem.NewFromObjectWithOpts(documents, inmem.OptReturnASTValuesOnRead(true))),
		rego.StoreReadAST(true),
	}
	if prints {
		options = append(options, rego.EnablePrintStatements(true), rego.PrintHook(nowhere{}))
	}
	prepared, err := rego.New(options...).PrepareForEval(ctx)
	fail(err)
	return prepared
}

func main() {
	if len(os.Args) != 7 {
		fmt.Fprintln(os.Stderr, "usage: peer-opa POLICY INPUT DATA QUERY v0|v1 BATCHES")
		os.Exit(2)
	}
	policy, err := os.ReadFile(os.Args[1])
	fail(err)
	input, err := os.ReadFile(os.Args[2])
	fail(err)
	data, err := os.ReadFile(os.Args[3])
	fail(err)
	query, v0 := os.Args[4], os.Args[5] == "v0"
	batches, err := strconv.Atoi(os.Args[6])
	fail(err)

	ctx := context.Background()
	parse := func() ast.Value {
		v, err := ast.ValueFromReader(bytes.NewReader(input))
		fail(err)
		return v
	}
	parsed := parse()
	var answer rego.ResultSet
	decide := func(prepared rego.PreparedEvalQuery) func() {
		return func() {
			answer, err = prepared.Eval(ctx, rego.EvalParsedInput(parsed))
			fail(err)
		}
	}
	prepared := prepare(ctx, policy, data, query, v0, false)
	printing := prepare(ctx, policy, data, query, v0, true)
	decide(prepared)()
	if len(answer) != 1 {
		fail(fmt.Errorf("%s is undefined", query))
	}
	text, err := json.Marshal(answer[0].Expressions[0].Value)
	fail(err)
	fmt.Printf("answer %s\n", text)
	measure("parse_us", batches, func() { parse() })
	measure("eval_us", batches, decide(prepared))
	measure("eval_with_prints_us", batches, decide(printing))
	measure("load_us", min(batches, 5), func() { prepare(ctx, policy, data, query, v0, false) })
}

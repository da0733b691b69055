// SPDX-License-Identifier: Apache-2.0

// Package common is what the two peers of the evidence bench share: reading files, telling the
// verdict, and its time.
package common

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

const batch = 20 * time.Millisecond

// Fail ends the program when there is an error.
func Fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, os.Args[0]+":", err)
		os.Exit(1)
	}
}

// Read is the whole file.
func Read(path string) []byte {
	b, err := os.ReadFile(path)
	Fail(err)
	return b
}

// When is the time of SECONDS.
func When(seconds string) time.Time {
	n, err := strconv.ParseInt(seconds, 10, 64)
	Fail(err)
	return time.Unix(n, 0)
}

func times(n int, work func()) time.Duration {
	start := time.Now()
	for i := 0; i < n; i++ {
		work()
	}
	return time.Since(start)
}

// Report prints the verdict and, if it accepts, the best time of BATCHES short batches.
func Report(judge func() error, batches string) {
	count, err := strconv.Atoi(batches)
	Fail(err)
	if err := judge(); err != nil {
		fmt.Println("verdict rejected")
		fmt.Printf("why %q\n", err.Error())
		return
	}
	fmt.Println("verdict accepted")
	work := func() { Fail(judge()) }
	n := 1
	for times(n, work) <= batch {
		n *= 2
	}
	best := time.Duration(0)
	for b := 0; b < count; b++ {
		if took := times(n, work); b == 0 || took < best {
			best = took
		}
	}
	fmt.Printf("verify_us %.3f\n", float64(best.Nanoseconds())/float64(n)/1000)
}

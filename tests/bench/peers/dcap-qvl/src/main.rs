// SPDX-License-Identifier: Apache-2.0

//! peer-dcap-qvl QUOTE COLLATERAL.json SECONDS BATCHES: the verdict of dcap-qvl on a quote, and its
//! time from bytes to verdict: the best of BATCHES short batches, as in our bench.

use dcap_qvl::verify::verify;
use dcap_qvl::QuoteCollateralV3;
use std::time::{Duration, Instant};

const BATCH: Duration = Duration::from_millis(20);

fn times(n: u32, work: &dyn Fn()) -> Duration {
    let start = Instant::now();
    for _ in 0..n {
        work();
    }
    start.elapsed()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2)
        .map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).expect("hexadecimal"))
        .collect()
}

fn open(path: &str) -> QuoteCollateralV3 {
    let text = std::fs::read(path).expect("collateral");
    let json: serde_json::Value = serde_json::from_slice(&text).expect("collateral");
    let text = |name: &str| json[name].as_str().expect(name).to_string();
    QuoteCollateralV3 {
        pck_crl_issuer_chain: text("pck_crl_issuer_chain"),
        root_ca_crl: unhex(&text("root_ca_crl")),
        pck_crl: unhex(&text("pck_crl")),
        tcb_info_issuer_chain: text("tcb_info_issuer_chain"),
        tcb_info: text("tcb_info"),
        tcb_info_signature: unhex(&text("tcb_info_signature")),
        qe_identity_issuer_chain: text("qe_identity_issuer_chain"),
        qe_identity: text("qe_identity"),
        qe_identity_signature: unhex(&text("qe_identity_signature")),
        pck_certificate_chain: None,
    }
}

/// Its own one-shot call leaves the status to the caller: ours accepts UpToDate alone here.
fn judge(quote: &[u8], collateral: &QuoteCollateralV3, now: u64) -> Result<(), String> {
    let report = verify(quote, collateral, now).map_err(|e| format!("{e:#}"))?;
    if report.status == "UpToDate" {
        return Ok(());
    }
    Err(format!("status {}", report.status))
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let [_, quote, collateral, seconds, batches] = args.as_slice() else {
        eprintln!("usage: peer-dcap-qvl QUOTE COLLATERAL SECONDS BATCHES");
        std::process::exit(1);
    };
    let quote = std::fs::read(quote).expect("quote");
    let collateral = open(collateral);
    let now = seconds.parse().expect("seconds");
    let batches: u32 = batches.parse().expect("batches");

    if let Err(why) = judge(&quote, &collateral, now) {
        println!("verdict rejected");
        println!("why {why:?}");
        return;
    }
    println!("verdict accepted");
    let work = || judge(&quote, &collateral, now).expect("the same verdict");
    let mut n = 1;
    while times(n, &work) <= BATCH {
        n *= 2;
    }
    let best = (0..batches.max(1)).map(|_| times(n, &work)).min().unwrap();
    println!("verify_us {:.3}", best.as_nanos() as f64 / f64::from(n) / 1000.0);
}

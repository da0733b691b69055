// SPDX-License-Identifier: Apache-2.0

//! peer-regorus POLICY INPUT DATA QUERY v0|v1 BATCHES: regorus' times for one decision,
//! one figure a line. Each is the best of BATCHES short batches, as in our bench.

use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::vm::RegoVM;
use regorus::{Engine, PolicyLengthConfig, Value};
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

const BATCH: Duration = Duration::from_micros(1500);

fn times(n: u32, work: &mut dyn FnMut()) -> Duration {
    let start = Instant::now();
    for _ in 0..n {
        work();
    }
    start.elapsed()
}

fn measure(name: &str, batches: u32, mut work: impl FnMut()) {
    let mut n = 1;
    while times(n, &mut work) <= BATCH {
        n *= 2;
    }
    let best = (0..batches.max(1)).map(|_| times(n, &mut work)).min().unwrap();
    println!("{} {:.3}", name, best.as_nanos() as f64 / f64::from(n) / 1000.0);
}

/// Line ends of the pretty form stand between tokens only.
fn one_line(answer: &Value) -> String {
    answer.to_json_str().expect("answer").replace('\n', " ")
}

/// The register machine beside the interpreter; an error where it cannot compile the policy.
fn machine(policy: &str, data: &str, query: &str, v0: bool) -> Result<RegoVM, String> {
    let mut engine = load(policy, data, v0);
    let compiled = engine.compile_with_entrypoint(&query.into()).map_err(|e| e.to_string())?;
    let program =
        Compiler::compile_from_policy(&compiled, &[query]).map_err(|e| format!("{e:?}"))?;
    let mut vm = RegoVM::new_with_policy(compiled);
    vm.load_program(program);
    vm.set_strict_builtin_errors(false);
    vm.set_data(Value::from_json_str(data).expect("data")).map_err(|e| format!("{e:?}"))?;
    Ok(vm)
}

/// Prints are gathered and dropped: without that they go to stderr and distort the times.
fn load(policy: &str, data: &str, v0: bool) -> Engine {
    let mut engine = Engine::new();
    engine.set_rego_v0(v0);
    engine.set_strict_builtin_errors(false);
    engine.set_gather_prints(true);
    // A policy_data on one line is longer than the default of 1024 columns.
    let max_col = NonZeroU32::new(1 << 20).unwrap();
    engine.set_policy_length_config(PolicyLengthConfig { max_col, ..Default::default() });
    engine.add_policy("policy.rego".into(), policy.into()).expect("policy");
    engine.add_data_json(data).expect("data");
    engine
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if args.len() != 7 {
        eprintln!("usage: peer-regorus POLICY INPUT DATA QUERY v0|v1 BATCHES");
        std::process::exit(2);
    }
    let read = |path: &str| std::fs::read_to_string(path).expect("a file of UTF-8");
    let (policy, input, data) = (read(&args[1]), read(&args[2]), read(&args[3]));
    let (query, v0) = (&args[4], args[5] == "v0");
    let batches: u32 = args[6].parse().expect("a number of batches");

    // Its compiled patterns are kept between decisions, as ours are: room for all of them.
    regorus::cache::configure(regorus::cache::Config { regex: 4096, glob: 4096 });
    let mut engine = load(&policy, &data, v0);
    let parsed = Value::from_json_str(&input).expect("input");
    let mut decide = || {
        engine.set_input(parsed.clone());
        let answer = engine.eval_rule(query.clone()).expect("decision");
        engine.take_prints().expect("prints");
        answer
    };
    println!("answer {}", one_line(&decide()));
    measure("parse_us", batches, || drop(Value::from_json_str(&input).expect("input")));
    measure("eval_us", batches, || drop(decide()));
    match machine(&policy, &data, query, v0) {
        Ok(mut vm) => {
            let mut decide = || {
                vm.set_input(parsed.clone());
                vm.execute()
            };
            match decide() {
                Ok(answer) => {
                    println!("answer_vm {}", one_line(&answer));
                    measure("eval_vm_us", batches, || drop(decide()));
                }
                Err(e) => println!("no_vm {}", format!("{e:?}").replace('\n', " ")),
            }
        }
        Err(e) => println!("no_vm {}", e.replace('\n', " ")),
    }
    measure("load_us", batches.min(5), || {
        let mut fresh = load(&policy, &data, v0);
        fresh.set_input(Value::new_object());
        // The first evaluation is what analyses and schedules the policy.
        let _ = fresh.eval_rule(query.clone());
    });
}

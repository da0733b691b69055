// SPDX-License-Identifier: Apache-2.0
/* node evidence_wasm.js MODULE FILE...: a line of JSON a file, [code, output]. Also shows what a host must give. */
"use strict";
const fs = require("fs");
const [path, ...files] = process.argv.slice(2);
const module_ = new WebAssembly.Module(fs.readFileSync(path));
const refuse = () => 8; /* WASI's EBADF: the decoder has no files, and needs none */
const wasi = { fd_close: refuse, fd_seek: refuse, fd_write: refuse };
const host = new WebAssembly.Instance(module_, { wasi_snapshot_preview1: wasi }).exports;

function decode(bytes) {
  const at = host.contrast_input(bytes.length);
  if (at === 0) return [1, "too large"];
  new Uint8Array(host.memory.buffer, at, bytes.length).set(bytes);
  const code = host.contrast_decode(bytes.length);
  const view = new Uint8Array(host.memory.buffer, host.contrast_output(), host.contrast_output_size());
  return [code, new TextDecoder("utf-8", { fatal: true }).decode(view)];
}

host._initialize();
for (const file of files) console.log(JSON.stringify(decode(fs.readFileSync(file))));

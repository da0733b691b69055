# SPDX-License-Identifier: Apache-2.0
# A policy with a state, in the language that Kata's policies had in 2024.
package agent_policy

import future.keywords.in
import input

default AllowRequestsFailingPolicy := false
default StartContainerRequest := true
default ExecProcessRequest := false

# Each container of the policy once.
CreateContainerRequest := {"allowed": true, "ops": [{"op": "add", "path": path, "value": i}] } {
	print("create", input.container_id, "image", input.image)
	some i, wanted in policy_data.containers
	wanted.image == input.image
	print("is number", i, wanted)
	not taken[i]
	path := concat("/", ["/pstate", input.container_id])
}

taken[i] {
	i := data.pstate[_]
}

RemoveContainerRequest := {"allowed": true, "ops": [{"op": "remove", "path": concat("/", ["/pstate", input.container_id])}]}

ExecProcessRequest {
	i := data.pstate[input.container_id]
	some command in policy_data.containers[i].commands
	command == input.process.Args
}

policy_data := {"containers": [
	{"image": "registry/web@sha256:aa", "commands": [["ls", "-l"]]},
	{"image": "registry/db@sha256:bb", "commands": []},
]}

# SPDX-License-Identifier: Apache-2.0
# Looks at members that test cases leave out: they have their defaults.
package agent_policy

default CreateSandboxRequest := false

CreateSandboxRequest if {
	count(input.guest_hook_path) == 0
	input.kernel_modules == []
	input.sandbox_pidns == false
	not "invented" in object.keys(input)
}

default CreateContainerRequest := false

CreateContainerRequest if {
	is_null(input.string_user)
	is_null(input.OCI.Hooks)
	is_null(input.OCI.Linux)
	count(input.OCI.Process.SelinuxLabel) == 0
	every mount in input.OCI.Mounts {
		mount.options == []
	}
}

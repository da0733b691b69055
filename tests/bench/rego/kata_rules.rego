# SPDX-License-Identifier: Apache-2.0
# A policy of the shape that Kata's agent evaluates, for the bench: rules of
# several bodies over one large constant, every step announced by print().
package agent_policy

import future.keywords.every
import future.keywords.in

default AllowRequestsFailingPolicy := false
default CopyFileRequest := false
default CreateContainerRequest := false
default CreateSandboxRequest := false
default DestroySandboxRequest := true
default ExecProcessRequest := false
default GuestDetailsRequest := true
default OnlineCPUMemRequest := true
default ReadStreamRequest := false
default RemoveContainerRequest := true
default ReseedRandomDevRequest := false
default SetPolicyRequest := false
default SignalProcessRequest := true
default StartContainerRequest := true
default StatsContainerRequest := true
default TtyWinResizeRequest := true
default UpdateInterfaceRequest := false
default UpdateRoutesRequest := false
default WaitProcessRequest := true
default WriteStreamRequest := false

name_key := "io.kubernetes.cri.sandbox-name"
namespace_key := "io.kubernetes.cri.sandbox-namespace"
type_key := "io.kubernetes.cri.container-type"
id_key := "io.kubernetes.cri.sandbox-id"
container_key := "io.kubernetes.cri.container-name"
kata_type_key := "io.katacontainers.pkg.oci.container_type"

CreateContainerRequest := {"ops": ops, "allowed": true} {
    print("create: begin")
    i_oci := input.OCI
    i_storages := input.storages

    input_has_no_extras

    i_name := i_oci.Annotations[name_key]
    print("create: sandbox name", i_name)
    name_op := remember("sandbox_name", i_name)

    some index, p_container in policy_data.containers
    print("create: try container", index)

    p_container.sandbox_pidns == input.sandbox_pidns
    p_oci := p_container.OCI

    i_namespace := i_oci.Annotations[namespace_key]
    same_namespace(p_oci, i_namespace)
    namespace_op := remember("namespace", i_namespace)

    print("create: version", p_oci.Version, i_oci.Version)
    p_oci.Version == i_oci.Version
    p_oci.Root.Readonly == i_oci.Root.Readonly

    annotations_ok(p_oci, i_oci)
    type_ok(p_oci, i_oci)
    bundle_id := bundle(i_oci)
    sandbox_id := i_oci.Annotations[id_key]

    mounts_ok(p_container, i_oci.Mounts, bundle_id, sandbox_id)
    storages_ok(p_container.storages, i_storages, bundle_id, sandbox_id)
    process_ok(p_oci.Process, i_oci.Process, i_name, i_namespace)
    devices_ok(p_container.devices, input.devices)
    linux_ok(p_oci.Linux, i_oci.Linux)

    container_op := remember(input.container_id, index)
    ops := [op | op := [name_op, namespace_op, container_op][_]; op != null]
    print("create: end, container", index)
}

input_has_no_extras {
    is_null(input.string_user)
    is_null(input.OCI.Hooks)
    is_null(input.OCI.Solaris)
    is_null(input.OCI.Windows)
    input.OCI.Process.SelinuxLabel == ""
    input.OCI.Process.User.Username == ""
    l := input.OCI.Linux
    count(l.UIDMappings) == 0
    count(l.GIDMappings) == 0
    l.MountLabel == ""
    l.RootfsPropagation == ""
    is_null(l.Seccomp)
    is_null(l.IntelRdt)
}

# State: a key is bound by the first request that names it.
remember(key, value) := {"op": "add", "path": concat("", ["/pstate/", key]), "value": value} {
    not data.pstate[key]
    print("remember: new", key)
}

remember(key, value) := null {
    data.pstate[key] == value
    print("remember: known", key)
}

same_namespace(p_oci, i_namespace) {
    p_oci.Annotations[namespace_key] == i_namespace
}

same_namespace(p_oci, _) {
    p_oci.Annotations[namespace_key] == ""
}

annotations_ok(p_oci, i_oci) {
    print("annotations: begin")
    every key, value in i_oci.Annotations {
        annotation_ok(p_oci, key, value)
    }
    print("annotations: end")
}

annotation_ok(_, key, _) {
    startswith(key, "io.kubernetes.cri.")
}

annotation_ok(p_oci, key, value) {
    p_oci.Annotations[key] == value
}

annotation_ok(p_oci, key, _) {
    p_oci.Annotations[key]
    key in policy_data.common.free_annotations
}

type_ok(p_oci, i_oci) {
    i_type := i_oci.Annotations[type_key]
    print("type:", i_type)
    p_oci.Annotations[type_key] == i_type
    type_details_ok(i_type, p_oci, i_oci)
}

type_details_ok("sandbox", p_oci, i_oci) {
    i_oci.Annotations[kata_type_key] == "pod_sandbox"
    not i_oci.Annotations[container_key]
    not p_oci.Annotations[container_key]
}

type_details_ok("container", p_oci, i_oci) {
    i_oci.Annotations[kata_type_key] == "pod_container"
    p_oci.Annotations[container_key] == i_oci.Annotations[container_key]
}

bundle(i_oci) := id {
    found := regex.find_all_string_submatch_n(policy_data.common.root_path, i_oci.Root.Path, 1)
    id := found[0][1]
    print("bundle:", id)
}

# ---- mounts ----

mounts_ok(p_container, i_mounts, bundle_id, sandbox_id) {
    print("mounts:", count(i_mounts))
    p_mounts := p_container.OCI.Mounts
    used := {index | i_mount := i_mounts[_]; index := mount_index(p_mounts, i_mount, bundle_id, sandbox_id)}
    count(used) == count(i_mounts)
    print("mounts: end")
}

mount_index(p_mounts, i_mount, bundle_id, sandbox_id) := index {
    some index, p_mount in p_mounts
    p_mount.destination == i_mount.destination
    mount_ok(p_mount, i_mount, bundle_id, sandbox_id)
    print("mount: found", i_mount.destination)
}

mount_ok(p_mount, i_mount, _, _) {
    p_mount == i_mount
}

mount_ok(p_mount, i_mount, bundle_id, sandbox_id) {
    p_mount != i_mount
    p_mount.type_ == i_mount.type_
    p_mount.options == i_mount.options
    source_ok(p_mount.source, i_mount.source, bundle_id, sandbox_id)
}

source_ok(p_source, i_source, bundle_id, sandbox_id) {
    a := replace(p_source, "$(sfprefix)", policy_data.common.sfprefix)
    b := replace(a, "$(cpath)", policy_data.common.cpath)
    c := replace(b, "$(bundle-id)", bundle_id)
    d := replace(c, "$(sandbox-id)", sandbox_id)
    print("source:", d, i_source)
    regex.match(d, i_source)
}

# ---- storages ----

storages_ok(p_storages, i_storages, bundle_id, sandbox_id) {
    print("storages:", count(i_storages))
    count(p_storages) == count(i_storages)
    every i_storage in i_storages {
        some p_storage in p_storages
        storage_ok(p_storage, i_storage, bundle_id, sandbox_id)
    }
    print("storages: end")
}

storage_ok(p_storage, i_storage, bundle_id, sandbox_id) {
    p_storage.driver == i_storage.driver
    p_storage.driver_options == i_storage.driver_options
    p_storage.fs_group == i_storage.fs_group
    p_storage.fstype == i_storage.fstype
    storage_source_ok(p_storage, i_storage)
    storage_options_ok(p_storage, i_storage)
    mount_point_ok(p_storage.mount_point, i_storage.mount_point, bundle_id, sandbox_id)
}

storage_source_ok(p_storage, i_storage) {
    p_storage.source == i_storage.source
}

storage_source_ok(p_storage, i_storage) {
    p_storage.driver == "blk"
    regex.match("^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\\.[0-9a-f]$", i_storage.source)
}

storage_options_ok(p_storage, i_storage) {
    p_storage.driver != "overlayfs"
    p_storage.options == i_storage.options
}

storage_options_ok(p_storage, i_storage) {
    p_storage.driver == "overlayfs"
    i_count := count(i_storage.options)
    count(p_storage.options) == i_count
    i_storage.options[i_count - 2] == "io.katacontainers.fs-opt.overlay-rw"
    lower := i_storage.options[i_count - 1]
    startswith(lower, "lowerdir=")
    ids := split(substring(lower, 9, -1), ":")
    every id in ids {
        regex.match("^[0-9a-f]{64}$", id)
    }
    p_layers := [o | o := p_storage.options[_]; startswith(o, "io.katacontainers.fs-opt.layer=")]
    i_layers := [o | o := i_storage.options[_]; startswith(o, "io.katacontainers.fs-opt.layer=")]
    p_layers == i_layers
}

mount_point_ok(p_point, i_point, bundle_id, sandbox_id) {
    a := replace(p_point, "$(cpath)", policy_data.common.cpath)
    b := replace(a, "$(bundle-id)", bundle_id)
    c := replace(b, "$(sandbox-id)", sandbox_id)
    regex.match(concat("", ["^", c, "$"]), i_point)
}

# ---- process ----

process_ok(p_process, i_process, s_name, s_namespace) {
    print("process: begin")
    p_process.Cwd == i_process.Cwd
    p_process.Terminal == i_process.Terminal
    p_process.NoNewPrivileges == i_process.NoNewPrivileges
    user_ok(p_process.User, i_process.User)
    args_ok(p_process.Args, i_process.Args, s_name)
    env_ok(p_process.Env, i_process.Env, s_name, s_namespace)
    capabilities_ok(p_process.Capabilities, i_process.Capabilities)
    print("process: end")
}

user_ok(p_user, i_user) {
    p_user.UID == i_user.UID
    p_user.GID == i_user.GID
    {g | g := p_user.AdditionalGids[_]} == {g | g := i_user.AdditionalGids[_]}
}

args_ok(p_args, i_args, s_name) {
    count(p_args) == count(i_args)
    every i, i_arg in i_args {
        arg_ok(p_args[i], i_arg, s_name)
    }
}

arg_ok(p_arg, i_arg, _) {
    replace(p_arg, "$$", "$") == i_arg
}

arg_ok(p_arg, i_arg, s_name) {
    contains(p_arg, "$(sandbox-name)")
    replace(p_arg, "$(sandbox-name)", s_name) == i_arg
}

arg_ok(p_arg, _, _) {
    contains(p_arg, "$(node-name)")
}

env_ok(p_env, i_env, s_name, s_namespace) {
    print("env:", count(i_env))
    every i_var in i_env {
        var_ok(p_env, i_var, s_name, s_namespace)
    }
}

var_ok(p_env, i_var, _, _) {
    some p_var in p_env
    p_var == i_var
}

var_ok(p_env, i_var, s_name, _) {
    some p_var in p_env
    replace(p_var, "$(sandbox-name)", s_name) == i_var
}

var_ok(p_env, i_var, _, s_namespace) {
    some p_var in p_env
    replace(p_var, "$(sandbox-namespace)", s_namespace) == i_var
}

var_ok(_, i_var, _, _) {
    some allowed in policy_data.request_defaults.CreateContainerRequest.allow_env_regex
    a := replace(allowed, "$(ipv4_a)", policy_data.common.ipv4_a)
    b := replace(a, "$(ip_p)", policy_data.common.ip_p)
    c := replace(b, "$(svc_name)", policy_data.common.svc_name)
    d := replace(c, "$(dns_label)", policy_data.common.dns_label)
    regex.match(d, i_var)
}

var_ok(p_env, i_var, _, _) {
    parts := split(i_var, "=")
    count(parts) == 2
    address_ok(parts[1])
    some p_var in p_env
    p_var == concat("", [parts[0], "=$(pod-ip)"])
}

var_ok(p_env, i_var, _, _) {
    parts := split(i_var, "=")
    count(parts) == 2
    some p_var in p_env
    p_parts := split(p_var, "=")
    p_parts[0] == parts[0]
    p_parts[1] in {"$(host-name)", "$(node-name)", "$(pod-uid)"}
}

address_ok(text) {
    bytes := split(text, ".")
    count(bytes) == 4
    first := to_number(bytes[0])
    first >= 1
    first <= 255
    every b in bytes {
        n := to_number(b)
        n >= 0
        n <= 255
    }
}

capabilities_ok(p_caps, i_caps) {
    caps_equal(p_caps.Bounding, i_caps.Bounding)
    caps_equal(p_caps.Effective, i_caps.Effective)
    caps_equal(p_caps.Inheritable, i_caps.Inheritable)
    caps_equal(p_caps.Permitted, i_caps.Permitted)
    caps_equal(p_caps.Ambient, i_caps.Ambient)
}

caps_equal(p_caps, i_caps) {
    expanded := expand_caps(p_caps)
    {trim_prefix(c, "CAP_") | c := expanded[_]} == {trim_prefix(c, "CAP_") | c := i_caps[_]}
}

expand_caps(caps) := policy_data.common.default_caps {
    caps == ["$(default_caps)"]
}

expand_caps(caps) := policy_data.common.privileged_caps {
    caps == ["$(privileged_caps)"]
}

expand_caps(caps) := caps {
    not caps == ["$(default_caps)"]
    not caps == ["$(privileged_caps)"]
}

# ---- devices, namespaces, paths ----

devices_ok(p_devices, i_devices) {
    every i_device in i_devices {
        some p_device in p_devices
        p_device.container_path == i_device.container_path
    }
}

linux_ok(p_linux, i_linux) {
    namespaces_ok(p_linux, i_linux)
    every path in p_linux.MaskedPaths {
        path in i_linux.MaskedPaths
    }
    every path in p_linux.ReadonlyPaths {
        readonly_ok(path, i_linux)
    }
    sysctl_ok(p_linux, i_linux)
    print("linux: end")
}

namespaces_ok(p_linux, i_linux) {
    kept := [n | n := i_linux.Namespaces[_]; not n.Type in {"network", "cgroup"}]
    seen := [{"Type": short_type(n.Type), "Path": n.Path} | n := kept[_]]
    p_linux.Namespaces == seen
}

short_type(t) := "mnt" {
    lower(t) == "mount"
}

short_type(t) := t {
    lower(t) != "mount"
}

readonly_ok(path, i_linux) {
    path in i_linux.ReadonlyPaths
}

readonly_ok(path, i_linux) {
    path in i_linux.MaskedPaths
}

sysctl_ok(_, i_linux) {
    not i_linux.Sysctl
}

sysctl_ok(p_linux, i_linux) {
    every name, value in i_linux.Sysctl {
        p_linux.Sysctl[name] == value
    }
}

# ---- the small requests ----

CopyFileRequest {
    not contains(input.path, "/../")
    some pattern in policy_data.request_defaults.CopyFileRequest
    a := replace(pattern, "$(sfprefix)", policy_data.common.sfprefix)
    b := replace(a, "$(cpath)", policy_data.common.cpath)
    regex.match(b, input.path)
}

CreateSandboxRequest {
    input.guest_hook_path == ""
    count(input.kernel_modules) == 0
    input.sandbox_pidns == false
    every i_storage in input.storages {
        some p_storage in policy_data.sandbox.storages
        p_storage == i_storage
    }
}

ExecProcessRequest {
    args := input.process.Args
    some allowed in policy_data.request_defaults.ExecProcessRequest.allowed_commands
    args == allowed
}

ExecProcessRequest {
    index := data.pstate[input.container_id]
    some command in policy_data.containers[index].exec_commands
    command == input.process.Args
    print("exec: container", index)
}

UpdateInterfaceRequest {
    bits.and(input.interface.raw_flags, bits.negate(policy_data.request_defaults.allow_raw_flags)) == 0
    not input.interface.name in policy_data.request_defaults.forbidden_names
}

UpdateRoutesRequest {
    every route in input.routes.Routes {
        not route.device in policy_data.request_defaults.forbidden_names
        every pattern in policy_data.request_defaults.forbidden_source_regex {
            not regex.match(pattern, route.source)
        }
    }
}

ReadStreamRequest {
    policy_data.request_defaults.ReadStreamRequest == true
}

WriteStreamRequest {
    policy_data.request_defaults.WriteStreamRequest == true
}

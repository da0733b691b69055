# SPDX-License-Identifier: Apache-2.0
#
# What the guest lets its host do. Every request that the host's runtime sends
# to the guest's agent is judged here, against `policy_data`, which stands at
# the end of this document and says what the owner's YAML asks for. Plain Rego
# (v1, and v0 with the imports below) with the built-ins that Kata's agent has.
# A request that no rule allows is denied. docs/policy.md says what is fixed
# by this and what is not.
package agent_policy

import future.keywords.every
import future.keywords.if
import future.keywords.in

default AddARPNeighborsRequest := false
default AddSwapPathRequest := false
default AddSwapRequest := false
default AllowRequestsFailingPolicy := false
default CloseStdinRequest := false
default CopyFileRequest := false
default CreateContainerRequest := false
default CreateSandboxRequest := false
default DestroySandboxRequest := true
default ExecProcessRequest := false
default GetDiagnosticDataRequest := false
default GetIPTablesRequest := false
default GetMetricsRequest := false
default GetOOMEventRequest := true
default GuestDetailsRequest := true
default ListInterfacesRequest := false
default ListRoutesRequest := false
default MemAgentCompactConfig := false
default MemAgentMemcgConfig := false
default MemHotplugByProbeRequest := false
default OnlineCPUMemRequest := true
default PauseContainerRequest := false
default ReadStreamRequest := false
default RemoveContainerRequest := true
default RemoveStaleVirtiofsShareMountsRequest := true
default ReseedRandomDevRequest := false
default ResizeVolumeRequest := false
default ResumeContainerRequest := false
default SetGuestDateTimeRequest := false
default SetIPTablesRequest := false
default SetPolicyRequest := false
default SignalProcessRequest := true
default StartContainerRequest := true
default StartTracingRequest := false
default StatsContainerRequest := true
default StopTracingRequest := false
default TtyWinResizeRequest := true
default UpdateContainerRequest := false
default UpdateEphemeralMountsRequest := false
default UpdateInterfaceRequest := false
default UpdateRoutesRequest := false
default VolumeStatsRequest := false
default WaitProcessRequest := true
default WriteStreamRequest := false

# ---- containers ----

CreateContainerRequest := {"allowed": true, "ops": ops} if {
	nothing_foreign
	annotation("io.kubernetes.cri.container-type") == "container"
	input.OCI.Hostname in {"", hostname}
	some c in policy_data.containers
	c.name == annotation("io.kubernetes.cri.container-name")
	input.sandbox_pidns == policy_data.pod.share_pids
	input.OCI.Root.Readonly == c.read_only_root
	image_fits(c)
	process_fits(c, input.OCI.Process)
	count(c.args) == count(input.OCI.Process.Args)
	every i, arg in input.OCI.Process.Args {
		arg_fits(c, c.args[i], arg)
	}
	capabilities_fit(c, input.OCI.Process.Capabilities)
	mounts_fit(c)
	devices_fit(c)
	paths_hidden(c)
	ops := array.concat(sandbox_ops, [{"op": "add", "path": concat("", ["/pstate/c-", input.container_id]), "value": c.name}])
}

# The pause container: the guest runs its own, so the host may ask for nothing else.
CreateContainerRequest := {"allowed": true, "ops": sandbox_ops} if {
	nothing_foreign
	annotation("io.kubernetes.cri.container-type") == "sandbox"
	not annotation("io.kubernetes.cri.container-name")
	input.sandbox_pidns == false
	input.OCI.Root.Readonly == true
	input.OCI.Process.Args == ["/pause"]
	input.OCI.Process.Terminal == false
	every e in input.OCI.Process.Env {
		startswith(e, "PATH=")
	}
	every s in input.storages {
		guest_pull_fits(s)
	}
	count(input.storages) <= 1
	every m in input.OCI.Mounts {
		mount_is_standard(m, false)
	}
	count(input.devices) == 0
	count(input.OCI.Linux.Devices) == 0
}

annotation(name) := input.OCI.Annotations[name]

# Fields by which a host could run, mount or configure something of its own.
nothing_foreign if {
	count(input.container_id) <= 128
	regex.match("^[a-z0-9][a-z0-9-]*$", input.container_id)
	input.OCI.Root.Path == rootfs
	count(input.shared_mounts) == 0
	is_null(input.string_user)
	is_null(input.OCI.Hooks)
	is_null(input.OCI.Solaris)
	is_null(input.OCI.Windows)
	linux := input.OCI.Linux
	count(linux.GIDMappings) == 0
	count(linux.UIDMappings) == 0
	is_null(linux.IntelRdt)
	is_null(linux.Seccomp)
	linux.MountLabel == ""
	linux.RootfsPropagation == ""
	count(linux.Resources.Devices) == 0
	is_null(linux.Resources.BlockIO)
	is_null(linux.Resources.Network)
	is_null(linux.Resources.Pids)
	own := [n | some n in linux.Namespaces; not n.Type in {"network", "cgroup"}]
	count(own) == 3
	{n.Type | some n in own} == {"ipc", "uts", "mount"}
	every n in own {
		n.Path == ""
	}
	every key, value in linux.Sysctl {
		harmless_sysctls[key] == value
	}
	input.OCI.Process.SelinuxLabel == ""
	input.OCI.Process.User.Username == ""
}

rootfs := concat("", ["/run/kata-containers/", input.container_id, "/rootfs"])

harmless_sysctls := {
	"net.ipv4.ip_unprivileged_port_start": "0",
	"net.ipv4.ping_group_range": "0 2147483647",
}

# ---- the pod's name: chosen once ----

sandbox := {
	"name": annotation("io.kubernetes.cri.sandbox-name"),
	"namespace": annotation("io.kubernetes.cri.sandbox-namespace"),
}

sandbox_ops := [] if data["pstate"]["sandbox"] == sandbox

sandbox_ops := [{"op": "add", "path": "/pstate/sandbox", "value": sandbox}] if {
	not data["pstate"]["sandbox"]
	regex.match(policy_data.pod.name_pattern, sandbox.name)
	namespace_fits
}

namespace_fits if policy_data.pod.namespace == sandbox.namespace

namespace_fits if {
	policy_data.pod.namespace == ""
	count(sandbox.namespace) <= 63
	regex.match("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", sandbox.namespace)
}

# ---- image ----

# Exactly one pull, by the digest of the policy, to this container's root.
image_fits(c) if {
	annotation("io.kubernetes.cri.image-name") == c.image
	pulls := [s | some s in input.storages; s.driver == "image_guest_pull"]
	count(pulls) == 1
	pulls[0].source == c.image
	every s in input.storages {
		storage_fits(c, s)
	}
	count({s.mount_point | some s in input.storages}) == count(input.storages)
	every m in c.mounts {
		volume_present(m)
	}
}

guest_pull_fits(s) if {
	s.driver == "image_guest_pull"
	s.fstype == "overlay"
	s.mount_point == rootfs
	s.shared == false
	is_null(s.fs_group)
	count(s.options) == 0
}

storage_fits(c, s) if {
	guest_pull_fits(s)
	s.source == c.image
	every o in s.driver_options {
		not regex.match("[cC]ontainer[-_.]?[tT]ype\"\\s*:\\s*\"(pod_)?sandbox", o)
	}
}

storage_fits(c, s) if {
	s.driver == "ephemeral"
	s.fstype == "tmpfs"
	s.source == "tmpfs"
	storage_is_plain(s)
	some m in c.mounts
	m.source == "memory"
	volume_at(m, s.mount_point)
}

storage_fits(c, s) if {
	s.driver == "local"
	s.fstype == "local"
	s.source == "local"
	storage_is_plain(s)
	some m in c.mounts
	m.source == "scratch"
	volume_at(m, s.mount_point)
}

storage_is_plain(s) if {
	s.shared == false
	is_null(s.fs_group)
	count(s.driver_options) == 0
	every o in s.options {
		regex.match("^(mode=0777|fsgid=[0-9]{1,10})$", o)
	}
}

volume_present(m) if m.source == "files"

volume_present(m) if {
	some s in input.storages
	volume_at(m, s.mount_point)
}

volume_at(m, path) if {
	m.source == "memory"
	path == concat("", ["/run/kata-containers/sandbox/ephemeral/", m.volume])
}

volume_at(m, path) if {
	m.source == "scratch"
	tail := split(path, "/")
	n := count(tail)
	concat("/", array.slice(tail, 0, n - 4)) in shared_folders
	regex.match("^[a-z0-9-]+$", tail[n - 4])
	array.slice(tail, n - 3, n) == ["rootfs", "local", m.volume]
}

# ---- process ----

process_fits(c, p) if {
	p.Cwd == c.cwd
	p.Terminal == c.terminal
	p.NoNewPrivileges == c.no_new_privileges
	p.User.UID == c.uid
	p.User.GID == c.gid
	{g | some g in p.User.AdditionalGids} | {c.gid} == {g | some g in c.groups} | {c.gid}
	env_fits(c, p)
}

arg_fits(_, want, got) if want == got

# A text with $(NAME) in it, NAME a variable whose value only the node knows.
arg_fits(c, want, got) if got == replace(want.text, concat("", ["$(", want.ref, ")"]), env_value(c, want.ref))

env_fits(c, p) if {
	count({split(e, "=")[0] | some e in p.Env}) == count(p.Env)
	every want in c.env {
		some e in p.Env
		variable_fits(c, want, e)
	}
	every e in p.Env {
		variable_known(c, e)
	}
}

variable_known(c, e) if {
	some want in c.env
	split(e, "=")[0] == want.name
}

variable_known(_, e) if e == concat("", ["HOSTNAME=", hostname])

variable_known(c, "TERM=xterm") if c.terminal

variable_known(_, e) if {
	service_link_wanted(e)
	regex.match(`^[A-Z][A-Z0-9_]*_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)=[a-z0-9.:/\[\]-]*$`, e)
}

service_link_wanted(_) if policy_data.pod.service_links

# Those of the API server are always there.
service_link_wanted(e) if startswith(e, "KUBERNETES_")

hostname := policy_data.pod.hostname if policy_data.pod.hostname != ""

hostname := substring(bound_sandbox.name, 0, 63) if policy_data.pod.hostname == ""

# In later requests the name is the one that was bound first.
bound_sandbox := data["pstate"]["sandbox"]

bound_sandbox := sandbox if not data["pstate"]["sandbox"]

variable_fits(_, want, e) if {
	not want.from
	not want.ref
	e == concat("=", [want.name, want.value])
}

variable_fits(_, want, e) if dynamic_fits(want.from, value_of(want.name, e))

variable_fits(c, want, e) if value_of(want.name, e) == replace(want.value, concat("", ["$(", want.ref, ")"]), env_value(c, want.ref))

value_of(name, e) := trim_prefix(e, prefix) if {
	prefix := concat("", [name, "="])
	startswith(e, prefix)
}

env_value(c, name) := value if {
	some want in c.env
	want.name == name
	some e in input_process.Env
	value := value_of(name, e)
	dynamic_fits(want.from, value)
}

input_process := input.OCI.Process

input_process := input.process if not input.OCI

dynamic_fits("pod-name", value) if value == bound_sandbox.name

dynamic_fits("pod-namespace", value) if value == bound_sandbox.namespace

dynamic_fits("pod-uid", value) if {
	count(value) == 36
	regex.match("^[0-9a-f-]+$", value)
}

dynamic_fits("pod-ip", value) if is_address(value)

dynamic_fits("host-ip", value) if is_address(value)

dynamic_fits("node-name", value) if {
	count(value) <= 253
	regex.match("^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", value)
}

dynamic_fits("number", value) if {
	count(value) <= 20
	regex.match("^[0-9]+$", value)
}

is_address(value) if regex.match("^([0-9]{1,3}\\.){3}[0-9]{1,3}$", value)

is_address(value) if {
	count(value) <= 39
	regex.match("^[0-9a-f:]*:[0-9a-f:]*$", value)
}

# ---- capabilities ----

default_capabilities := {
	"CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_MKNOD",
	"CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT",
}

capabilities_fit(c, got) if {
	not unlimited(c)
	want := (kept_capabilities(c) | {a | some a in c.caps_add}) - {d | some d in c.caps_drop; not d in c.caps_add}
	{x | some x in got.Bounding} == want
	{x | some x in got.Effective} == want
	{x | some x in got.Permitted} == want
	count({x | some x in got.Inheritable} - want) == 0
	count(got.Ambient) == 0
}

capabilities_fit(c, got) if {
	unlimited(c)
	count(got.Ambient) == 0
}

unlimited(c) if c.privileged

unlimited(c) if "ALL" in c.caps_add

kept_capabilities(c) := set() if "ALL" in c.caps_drop

kept_capabilities(c) := default_capabilities if not "ALL" in c.caps_drop

# ---- mounts ----

# Each at a place of its own, each known, and none of the policy's left out.
mounts_fit(c) if {
	count({m.destination | some m in input.OCI.Mounts}) == count(input.OCI.Mounts)
	every m in input.OCI.Mounts {
		mount_fits(c, m)
	}
	every want in c.mounts {
		some m in input.OCI.Mounts
		m.destination == want.path
		volume_fits(want, m)
	}
	every path, _ in standard_mounts {
		path in {m.destination | some m in input.OCI.Mounts}
	}
}

mount_fits(c, m) if {
	some want in c.mounts
	want.path == m.destination
	volume_fits(want, m)
}

mount_fits(c, m) if {
	not m.destination in {w.path | some w in c.mounts}
	mount_is_standard(m, c.privileged)
}

volume_fits(want, m) if {
	m.type_ == "bind"
	bind_options_fit(want, m)
	want.source == "files"
	shared_file(m)
}

volume_fits(want, m) if {
	m.type_ in {"bind", "local"}
	bind_options_fit(want, m)
	volume_at(want, m.source)
}

bind_options_fit(want, m) if {
	every o in m.options {
		o in bind_options(want)
	}
	read_only_fits(want, m)
}

bind_options(want) := {"bind", "rbind", "rprivate", "rslave", "ro", "rw", "nosuid", "nodev", "noexec", "relatime"} if want.from_host

bind_options(want) := {"bind", "rbind", "rprivate", "ro", "rw", "nosuid", "nodev", "noexec", "relatime"} if not want.from_host

read_only_fits(want, _) if not want.read_only

read_only_fits(want, m) if {
	want.read_only
	"ro" in m.options
	not "rw" in m.options
}

# Files that the host has copied in for this very container, named after the mount point.
shared_file(m) if {
	destination := split(m.destination, "/")
	source := split(m.source, "/")
	name := source[count(source) - 1]
	concat("/", array.slice(source, 0, count(source) - 1)) in shared_folders
	prefix := concat("", [input.container_id, "-"])
	startswith(name, prefix)
	rest := trim_prefix(name, prefix)
	regex.match("^[0-9a-f]{16}-", rest)
	substring(rest, 17, -1) == destination[count(destination) - 1]
}

shared_folders := {
	"/run/kata-containers/shared/containers",
	"/run/kata-containers/shared/containers/passthrough",
	"/run/kata-containers/shared/containers/watchable",
	"/run/kata-containers/shared/containers/passthrough/watchable",
}

mount_is_standard(m, writable) if {
	want := standard_mounts[m.destination]
	m.type_ == want.type
	m.source == want.source
	options := {o | some o in m.options}
	count(want.options - options) == 0
	count((options - want.options) - want.more) == 0
	kernel_files_protected(m, writable)
}

mount_is_standard(m, _) if {
	m.destination in kubelet_files
	m.type_ == "bind"
	every o in m.options {
		o in {"bind", "rbind", "rprivate", "ro", "rw", "nosuid", "nodev", "noexec", "relatime"}
	}
	shared_file(m)
}

kernel_files_protected(_, writable) if writable

kernel_files_protected(m, _) if "ro" in m.options

kernel_files_protected(m, _) if not m.type_ in {"sysfs", "cgroup"}

kubelet_files := {"/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/dev/termination-log"} | token_files

token_files := {"/var/run/secrets/kubernetes.io/serviceaccount"} if policy_data.pod.token

token_files := set() if not policy_data.pod.token

standard_mounts := {
	"/proc": {"type": "proc", "source": "proc", "options": {"nosuid", "noexec", "nodev"}, "more": set()},
	"/dev": {"type": "tmpfs", "source": "tmpfs", "options": {"nosuid", "strictatime", "mode=755", "size=65536k"}, "more": set()},
	"/dev/pts": {"type": "devpts", "source": "devpts", "options": {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}, "more": set()},
	"/dev/mqueue": {"type": "mqueue", "source": "mqueue", "options": {"nosuid", "noexec", "nodev"}, "more": set()},
	"/dev/shm": {"type": "bind", "source": "/run/kata-containers/sandbox/shm", "options": {"rbind"}, "more": {"rprivate", "rw"}},
	"/sys": {"type": "sysfs", "source": "sysfs", "options": {"nosuid", "noexec", "nodev"}, "more": {"ro", "rw"}},
	"/sys/fs/cgroup": {"type": "cgroup", "source": "cgroup", "options": {"nosuid", "noexec", "nodev", "relatime"}, "more": {"ro", "rw"}},
}

devices_fit(c) if {
	every d in input.devices {
		d.container_path in c.devices
	}
	every d in input.OCI.Linux.Devices {
		d.Path in c.devices
	}
}

paths_hidden(c) if c.privileged

paths_hidden(c) if {
	not c.privileged
	hidden := {p | some p in input.OCI.Linux.MaskedPaths}
	fixed := {p | some p in input.OCI.Linux.ReadonlyPaths}
	count({"/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/sched_debug", "/proc/scsi", "/sys/firmware"} - hidden) == 0
	count({"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"} - (hidden | fixed)) == 0
}

# ---- commands in running containers: probes and hooks of the pod, nothing else ----

ExecProcessRequest if {
	is_null(input.string_user)
	input.process.SelinuxLabel == ""
	input.process.User.Username == ""
	name := data["pstate"][concat("", ["c-", input.container_id])]
	some c in policy_data.containers
	c.name == name
	some command in c.execs
	input.process.Args == command
	input.process.Terminal == false
	process_fits(c, input.process)
	exec_capabilities_fit(c)
}

exec_capabilities_fit(_) if is_null(input.process.Capabilities)

exec_capabilities_fit(c) if capabilities_fit(c, input.process.Capabilities)

# ---- the sandbox, files, logs, network ----

CreateSandboxRequest if {
	input.guest_hook_path == ""
	count(input.kernel_modules) == 0
	input.sandbox_pidns == false
	every s in input.storages {
		s.driver == "ephemeral"
		s.source == "shm"
		s.fstype == "tmpfs"
		s.mount_point == "/run/kata-containers/sandbox/shm"
		s.shared == false
		is_null(s.fs_group)
		count(s.driver_options) == 0
	}
}

CopyFileRequest if {
	input.file_type in {"Regular", "Directory"}
	regex.match(concat("", [shared_entry, "(/.*)?$"]), input.path)
	stays_below(input.path)
}

# Symbolic links only inside a copied folder, and only to places inside it.
CopyFileRequest if {
	input.file_type == "Symlink"
	regex.match(concat("", [shared_entry, "/.+$"]), input.path)
	stays_below(input.path)
	not startswith(input.symlink_target, "/")
	stays_below(input.symlink_target)
}

shared_entry := "^/run/kata-containers/shared/containers/(passthrough/)?(watchable/)?[a-z0-9-]+-[0-9a-f]{16}-[^/]+"

stays_below(path) if not ".." in split(path, "/")

ReadStreamRequest if policy_data.pod.logs

UpdateInterfaceRequest if {
	input.interface.name != "lo"
	input.interface.raw_flags in {0, 128}
}

UpdateRoutesRequest if {
	every r in input.routes.Routes {
		r.device != "lo"
		not is_loopback(r.source)
	}
}

AddARPNeighborsRequest if {
	every n in input.neighbors.ARPNeighbors {
		n.device != "lo"
		n.toIPAddress.mask == ""
		not is_loopback(n.toIPAddress.address)
	}
}

is_loopback(address) if startswith(address, "127.")

is_loopback(address) if regex.match("^[0:]*:0*1$", address)

is_loopback(address) if regex.match("^[0:]*:[fF]{4}:(127\\.|7[fF])", address)

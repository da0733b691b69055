# SPDX-License-Identifier: Apache-2.0
# What the text of Kata's rules is made of since 2025, each thing once: v1 with the imports of v0.
package agent_policy

import future.keywords.in
import future.keywords.every
import future.keywords.if

default CreateContainerRequest := false
default CopyFileRequest := false
default UpdateRoutesRequest := false
default RemoveContainerRequest := true

NAME_KEY = "name"
OCTET = "^(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])\\.$"

CreateContainerRequest := {"ops": ops, "allowed": true} if {
    # Parts without an order of their own.
    count(input.extra) == 0
    is_null(input.hooks)

    none := []
    name = input.annotations[NAME_KEY]
    add_name := keep("name", name)
    with_name := add_op(none, add_name)

    some number, wanted in policy_data.containers
    print("try", number, "for", name, "namespace", input.annotations.namespace)

    every key, value in input.annotations {
        annotation_fits(key, value, wanted)
    }
    root := replace(wanted.root, "$(id)", "([0-9a-f]{4}|[a-z][a-z0-9.-]*)")
    id := regex.find_all_string_submatch_n(root, input.root, 1)[0][1]

    # Every mount of the request finds one of the policy, and another one each.
    found := { place | some i; place = mount_place(wanted, input.mounts[i], id) }
    print("found", found)
    count(found) == count(input.mounts)

    kinds := [
        {"kind": plain_kind(m.kind), "path": m.path}
        | m := input.mounts[_]; m.kind != "network"; m.kind != "cgroup"
    ]
    suffixes := [suffix |
        m := kinds[_];
        suffix := trim_prefix(m.path, "/run/");
        regex.match("^[0-9]+$", suffix)
    ]
    count(suffixes) == count({s | s := suffixes[_]})

    ret := last_ops(with_name, input)
    ret.allowed
    add_container := keep(input.id, number)
    ops := add_op(ret.ops, add_container)
    print("allowed", ops)
}

last_ops(ops, request) := {"ops": ops, "allowed": true} if {
    request.mounts
    print("last", ops)
}

# Unknown: to be kept.
keep(key, value) = action if {
  state := get_state()
  print("keep 1", key, state[key])
  not state[key]
  path := concat("/", ["/pstate", key])
  action := {
    "op": "add",
    "path": path,
    "value": value,
  }
}

# Known with this value: nothing to do.
keep(key, value) = action if {
  state := get_state()
  value == state[key]
  action := null
}

get_state() = state if {
  state := data["pstate"]
}

add_op(ops, op) = result if {
    op == null
    result := ops
}

add_op(ops, op) = result if {
    op != null
    result := array.concat(ops, [op])
}

annotation_fits(key, value, wanted) if {
    startswith(key, "name")
}
annotation_fits(key, value, wanted) if {
    some known, _ in wanted.annotations
    known == key
}
annotation_fits(key, value, wanted) if {
    some key_regex, value_regex in wanted.patterns
    regex.match(key_regex, key)
    regex.match(value_regex, value)
}

mount_place(wanted, mount, id):= place if {
    some place, p in wanted.mounts
    same_mount(p, mount, id)
}
mount_place(wanted, mount, id):= place if {
    some place, p in wanted.mounts
    p == mount
}

same_mount(p, mount, id) if {
    p.path == replace(mount.path, id, "$(id)")
    p.kind == mount.kind
    allowed := {x | x = policy_data.extras[_]}
    have := {x | x = mount.options[_]} | {"rw"}
    want := {x | x = p.options[_]} | {"rw"}
    every option in p.options {
        option in have
    }
    extras := have - want
    every extra in extras {
        extra in allowed
    }
}

plain_kind(type) := kind if {
    lower(type) == "mount"
    kind := "mnt"
} else := kind if {
    kind := type
}

CopyFileRequest if {
    not regex.match("(^|/)\\.\\.($|/)", input.path)
    some regex1 in policy_data.paths
    regex2 := concat("", [replace(regex1, "$(id)", "[a-z0-9]{4}"), "-"])
    regex.match(regex2, input.path)
}

UpdateRoutesRequest if {
    p_sources = policy_data.forbidden
    p_names = policy_data.devices
    every route in input.routes {
        every source in p_sources {
            not regex.match(source, route.source)
        }
        not route.device in p_names
        bits.and(route.flags, bits.negate(128)) == 0
    }
    every address in input.addresses {
        is_address(address)
    }
}

is_address(value) if {
    bytes = split(value, ".")
    count(bytes) == 4
    is_byte(bytes[0])
    is_byte(bytes[3])
}
is_byte(component) if {
    number = to_number(component)
    number >= 0
    number <= 255
}

RemoveContainerRequest:= {"ops": ops, "allowed": true} if {
    none := []
    op := {"op": "remove", "path": concat("/", ["/pstate", input.id])}
    ops := add_op(none, op)
}

policy_data := {
  "containers": [
    {"root": "/run/kata/$(id)/rootfs", "annotations": {"namespace": "x"}, "patterns": {"^cdi/vfio[0-9]+$": "^gpu=[0-9]$"},
     "mounts": [{"path": "/run/1", "kind": "Mount", "options": ["ro"]}, {"path": "/run/$(id)", "kind": "bind", "options": []},
                {"path": "/proc", "kind": "proc", "options": ["nosuid"]}]}
  ],
  "extras": ["nsdelegate"],
  "paths": ["^/run/shared/$(id)"],
  "forbidden": ["^127\\.", "^::1$"],
  "devices": ["lo"]
}

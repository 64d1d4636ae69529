"""The tables of a Nutanix node and a Nutanix cluster on IBM Cloud VPC: data, and nothing else."""

from __future__ import annotations

from state_machines.kind import NO_RETURN, NOTHING, Kind, State, Transition, UndoStep
from state_machines.lifecycle import ENDS, lifecycle, release
from state_machines.verbs import DESTROY, HOLD, PROTECT, REPLACE, RESUME, RETRY, ROLLBACK, UNPROTECT

MINUTE = 60.0
HOUR = 3600.0

NODE_STEPS: tuple[State, ...] = (
    State(
        "reserving_ips",
        "working",
        "reserving addresses",
        "One free address per role is picked from its range and reserved by name in its subnet.",
        work=True,
        deadline=5 * MINUTE,
        undo="release_ips",
        short="addresses",
    ),
    State(
        "registering_dns",
        "working",
        "registering DNS",
        "An A record is made for each address of the node.",
        work=True,
        deadline=5 * MINUTE,
        undo="delete_dns",
        short="DNS",
    ),
    State(
        "creating_vnis",
        "working",
        "creating interfaces",
        "The management and the workload interface are made on the reserved addresses.",
        work=True,
        deadline=10 * MINUTE,
        undo="delete_vnis",
        short="interfaces",
    ),
    State(
        "recording_config",
        "working",
        "recording configuration",
        "What the installer will be told, and the tokens by which it is known, are written down.",
        work=True,
        deadline=1 * MINUTE,
        undo="forget_config",
        short="configuration",
    ),
    State(
        "creating_server",
        "working",
        "creating the server",
        "The bare metal server is ordered and has to come up. From here on it costs money.",
        work=True,
        outlasts="a server that is ordered is made all the same, and its machine starts",
        deadline=40 * MINUTE,
        undo="delete_server",
        short="server",
    ),
    State(
        "awaiting_boot",
        "working",
        "waiting for boot",
        "The machine has to fetch its boot script from the boot server. After a retry it is power-cycled first.",
        work=True,
        outlasts="its machine goes on starting, and installs itself",
        again="restarts the machine and installs it again, unless that is done or still reports",
        wipes="what is on its disks",
        deadline=45 * MINUTE,
        undo=NOTHING,
        short="boot",
        nature="waits",
    ),
    State(
        "awaiting_config",
        "working",
        "waiting for installer",
        "The installer has started from the boot images and has to fetch its configuration.",
        work=True,
        outlasts="its machine goes on installing itself",
        deadline=15 * MINUTE,
        undo=NOTHING,
        retry_at="awaiting_boot",
        short="installer",
        nature="waits",
    ),
    State(
        "installing",
        "working",
        "installing",
        "The installer works through its phases and reports each. A report of an error fails the step at once.",
        work=True,
        outlasts="its machine goes on installing itself",
        deadline=60 * MINUTE,
        undo=NOTHING,
        retry_at="awaiting_boot",
        short="install",
        nature="machine",
    ),
    State(
        "awaiting_cvm",
        "working",
        "waiting for the CVM",
        "The installed system boots; its controller VM has to answer on Prism. After a retry the machine is "
        "power-cycled and boots from its disk.",
        work=True,
        outlasts="its machine goes on starting what was installed",
        again="restarts the machine from its disk",
        deadline=60 * MINUTE,
        undo=NOTHING,
        short="CVM",
        nature="waits",
    ),
)

_WITH_SERVER = ("creating_server", "awaiting_boot", "awaiting_config", "installing", "awaiting_cvm")

NODE_UNDO: tuple[UndoStep, ...] = (
    UndoStep("delete_dns", "deleting DNS records", 10 * MINUTE, ("dns_record",)),
    UndoStep("delete_server", "deleting the server", 60 * MINUTE, ("server",)),
    UndoStep("delete_vnis", "deleting interfaces", 20 * MINUTE, ("vni",)),
    UndoStep("release_ips", "releasing addresses", 20 * MINUTE, ("reserved_ip",)),
    UndoStep("forget_config", "forgetting the configuration", 1 * MINUTE),
)

NODE = Kind(
    "ibm_nutanix.node",
    "node",
    states=(
        State("pending", "waiting", "pending", "Nothing is made yet; its cluster says when it begins."),
        *NODE_STEPS,
        State("ready", "ok", "ready", "Installed and healthy; it waits for its cluster to be formed."),
        State("active", "ok", "active", "A member of an active cluster. Only its cluster can release it."),
        *ENDS,
    ),
    transitions=(
        *lifecycle(("pending",), NODE_STEPS, ("ready", "active"), protected=("active",)),
        Transition("join", ("ready",), "active"),
        Transition("replace", (*_WITH_SERVER, "ready", "active"), "creating_server"),
        *(Transition("replace", ("failed", "held"), "creating_server", at=step) for step in _WITH_SERVER),
        release("release", ("pending",), NODE_STEPS, ("ready", "active")),
    ),
    undo=NODE_UNDO,
    verbs=(RETRY, ROLLBACK.says("delete everything made for this node"), HOLD, RESUME, REPLACE),
)

CLUSTER_STEPS: tuple[State, ...] = (
    State(
        "preflight",
        "working",
        "checking first",
        "What the deployment needs is looked up before any money is spent.",
        work=True,
        deadline=5 * MINUTE,
        undo=NOTHING,
        short="checking first",
    ),
    State(
        "deploying",
        "working",
        "deploying nodes",
        "All nodes are deployed in parallel; the gate opens when every one is ready, or as many as the spec asks "
        "for. In a standing cluster, a node that is replaced leaves it here before its server goes.",
        work=True,
        deadline=6 * HOUR,
        again="waits until its nodes are ready, and forms the cluster of them",
        undo="release_nodes",
        short="nodes",
        nature="waits",
    ),
    State(
        "creating_cluster",
        "working",
        "creating the cluster",
        "The create request goes to any ready CVM, and to the next one if that does not answer. Where it is refused "
        "because of a node, that one may be replaced; a retry waits for it.",
        work=True,
        deadline=10 * MINUTE,
        undo=NO_RETURN,
        retry_at="deploying",
        again="forms the cluster, as far as it does not stand yet",
        short="create",
    ),
    State(
        "awaiting_up",
        "working",
        "waiting for the cluster",
        "The cluster forms across all nodes; it is asked every 30 seconds until it says UP.",
        work=True,
        outlasts="its nodes go on forming it",
        deadline=30 * MINUTE,
        undo=NOTHING,
        retry_at="creating_cluster",
        short="forming",
        nature="machine",
    ),
    State(
        "changing_passwords",
        "working",
        "changing passwords",
        "The factory password is replaced by a generated one, and must be refused afterwards.",
        work=True,
        deadline=10 * MINUTE,
        undo=NO_RETURN,
        short="passwords",
    ),
    State(
        "joining_nodes",
        "working",
        "joining nodes",
        "A ready node that is not in the cluster yet is taken in, one after the other. Where several are replaced, "
        "the next one leaves here, once the one before is in, and is waited for.",
        work=True,
        deadline=6 * HOUR,
        again="takes in a node that is no member any more",
        undo=NO_RETURN,
        short="joining nodes",
        nature="machine",
    ),
    State(
        "removing_nodes",
        "working",
        "removing nodes",
        "A node that the spec no longer names leaves the cluster, is released, and is forgotten.",
        work=True,
        deadline=4 * HOUR,
        undo=NO_RETURN,
        short="removing nodes",
        nature="machine",
    ),
    State(
        "configuring",
        "working",
        "configuring",
        "Name, DNS and NTP servers are set.",
        work=True,
        deadline=10 * MINUTE,
        undo=NOTHING,
        short="configuring",
    ),
    State(
        "verifying_health",
        "working",
        "verifying health",
        "Every host must be there and normal, and the redundancy as in the spec. One that is none any more fails the "
        "step; a retry takes it in again if it can.",
        work=True,
        deadline=30 * MINUTE,
        undo=NOTHING,
        retry_at="joining_nodes",
        short="health",
        nature="waits",
    ),
)

_CHANGEABLE = (
    "preflight",
    "deploying",
    "joining_nodes",
    "removing_nodes",
    "configuring",
    "verifying_health",
)
"""Steps at work in which another spec may take over; while a cluster is being formed, it is formed first."""

CLUSTER = Kind(
    "ibm_nutanix.cluster",
    "cluster",
    states=(
        State("pending", "waiting", "pending", "The spec is written down; work is about to begin."),
        *CLUSTER_STEPS,
        State(
            "active",
            "ok",
            "active",
            "Formed, healthy, and its factory password is gone. A changed spec or a replaced node takes it through "
            "its steps again; what is there already is left as it is.",
        ),
        *ENDS,
    ),
    transitions=(
        *lifecycle(("pending",), CLUSTER_STEPS, ("active",), protected=("active",)),
        Transition("change", ("active", *_CHANGEABLE), "preflight"),
        *(Transition("change", ("failed", "held"), "preflight", at=state.name) for state in CLUSTER_STEPS),
        Transition("change", ("rolled_back",), "pending"),
        release("destroy", ("pending",), CLUSTER_STEPS, ("active",)),
        Transition("destroy", ("rolled_back",), "rolling_back"),
    ),
    undo=(UndoStep("release_nodes", "releasing all nodes", 6 * HOUR),),
    verbs=(
        RETRY.says("try again, from the step that failed, and with it any node that failed and blocks it"),
        ROLLBACK.says("delete everything made for this cluster and its nodes"),
        HOLD.says("stop at the next safe point, and every node that is at work with it"),
        RESUME.says("go on after a hold, and with it any node that was held by the same hold"),
        DESTROY,
        PROTECT,
        UNPROTECT,
    ),
)

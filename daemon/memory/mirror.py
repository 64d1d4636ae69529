"""The daemon's memory of what the store holds: changed after a commit, and else only by how far a wait has come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any

from msgspec.structs import replace

from daemon.store.ops import (
    NO_ROUND,
    AddCommand,
    BeginUse,
    CloseCommand,
    Command,
    Contents,
    DropRecord,
    DropSecrets,
    EndUse,
    Op,
    PutRecord,
    PutResource,
    PutSecret,
    PutSignal,
    Resource,
    Signal,
    Use,
)
from state_machines.record import Record

Rule = Callable[[Record], bool]
"""Whether something holds for a record, by what stands in it alone."""


class Mirror:
    """Records, ledger, signals, open commands and sealed secrets, by name."""

    def __init__(self, contents: Contents) -> None:
        self.daemon_id = contents.daemon_id
        self.revision = contents.revision
        self.changes = 0
        """How many commits and looks were followed: while it is the same, nothing is otherwise."""
        self.begins = contents.begins
        """The revision from which on the log holds every line."""
        self.lived = contents.lived
        """When the daemon before this one was seen to live last."""
        self.records: dict[str, Record] = {}
        self.stamps: defaultdict[str, int] = defaultdict(int)
        """Record → how often its row, ledger or inbox has changed, so that what was made of them can be kept."""
        self.transitions: defaultdict[str, int] = defaultdict(int)
        """Cluster → how often a node of it has come, left or changed its state: how the cluster gets on follows."""
        self.ledgers: defaultdict[str, int] = defaultdict(int)
        """Cluster → how often a ledger row of it or of a node of it has changed."""
        self.secrets: dict[str, bytes] = dict(contents.secrets)
        self._secrets_of: defaultdict[str, set[str]] = defaultdict(set)
        for name in contents.secrets:
            self._secrets_of[_owner(name)].add(name)
        self._members: defaultdict[str, dict[str, Record]] = defaultdict(dict)
        self._unsorted: set[str] = set()
        """Clusters whose members are not in the order of their names since one came."""
        self._where: dict[Rule, set[str]] = {}
        self._resources: defaultdict[str, dict[tuple[str, str], Resource]] = defaultdict(dict)
        self._holders: dict[str, set[tuple[str, str, str]]] = {}
        self._uses: dict[str, dict[tuple[str, str], Use]] = {}
        self._signals: defaultdict[str, dict[str, Signal]] = defaultdict(dict)
        self._commands: dict[str, dict[str, Command]] = {}
        self._tokens: dict[str, str] = {}
        self._tokens_of: defaultdict[str, set[str]] = defaultdict(set)
        for token, target in contents.tokens.items():
            self._know_token(token, target)
        self.apply(map(PutRecord, contents.records))
        self.apply(map(PutResource, contents.resources))
        self.apply(map(BeginUse, contents.uses))
        self.apply(map(PutSignal, contents.signals))
        for command in contents.commands:
            self._commands.setdefault(command.target, {})[command.token] = command

    def resources(self, owner: str) -> list[Resource]:
        """The ledger rows of a record, in the order in which they were intended."""
        return list(self._resources.get(owner, {}).values())

    def resource(self, owner: str, kind: str, name: str) -> Resource | None:
        """One ledger row."""
        return self._resources.get(owner, {}).get((kind, name))

    def all_resources(self) -> Iterable[Resource]:
        """The whole ledger."""
        for rows in self._resources.values():
            yield from rows.values()

    def uses(self, cluster: str) -> Mapping[tuple[str, str], Use]:
        """What of a cluster costs by the hour, or did, by its kind and its id outside."""
        return self._uses.get(cluster, {})

    def signals(self, record: str) -> Mapping[str, Signal]:
        """What was last reported for a record, by name."""
        return self._signals.get(record, {})

    def asked(self, target: str) -> bool:
        """Whether a command waits for a record."""
        return bool(self._commands.get(target))

    def commands(self, target: str) -> list[Command]:
        """The open commands for a record, oldest first."""
        return list(self._commands.get(target, {}).values())

    def knows_token(self, token: str) -> bool:
        """Whether a command with this token was ever accepted."""
        return token in self._tokens

    def forget(self, tokens: Iterable[str], begins: int) -> None:
        """Closed commands and the beginning of the log are no longer kept."""
        for token in tokens:
            target = self._tokens.pop(token, None)
            if target is not None:
                self._tokens_of[target].discard(token)
        self.begins = max(self.begins, begins)

    def members(self, cluster: str) -> list[Record]:
        """The nodes of a cluster, by name."""
        found = self._members.get(cluster, {})
        if cluster in self._unsorted:
            self._unsorted.discard(cluster)
            found = self._members[cluster] = dict(sorted(found.items()))
        return list(found.values())

    def of_platform(self, name: str) -> list[Record]:
        """The records of one platform, by the name that their kinds begin with."""
        return [record for record in self.records.values() if record.platform == name]

    def where(self, rule: Rule) -> Set[str]:
        """The names of the records for which a rule holds. They are looked through once: from then on every commit
        keeps the set right, so that it costs nothing to ask again. The rule looks at its record alone."""
        if rule not in self._where:
            self._where[rule] = {record.name for record in self.records.values() if rule(record)}
        return self._where[rule]

    def is_held(self, address: str) -> bool:
        """Whether any record has an object of this address, or means to."""
        return bool(self._holders.get(address))

    def holders(self, address: str) -> set[str]:
        """The records that have an object of this address, or mean to, and those that hold it as a claim, as they may
        hold any other key."""
        return {owner for owner, _, _ in self._holders.get(address, ())}

    def apply(self, ops: Iterable[Op]) -> None:
        """Follow a commit that is durable."""
        self.changes += 1
        for op in ops:
            follow = _FOLLOW.get(type(op))
            if follow is not None:
                follow(self, op)

    def _put_record(self, op: PutRecord) -> None:
        record = op.record
        self.stamps[record.name] += 1
        self.records[record.name] = record
        if record.name != record.shard:
            members = self._members[record.shard]
            before = members.get(record.name)
            if before is None or before.state != record.state:
                self.transitions[record.shard] += 1
            if before is None:
                self._unsorted.add(record.shard)
            elif before.attempt != record.attempt:  # a cluster shows what was done about its trouble
                self.stamps[record.shard] += 1
            members[record.name] = record
        for rule, names in self._where.items():
            (names.add if rule(record) else names.discard)(record.name)

    def _put_resource(self, op: PutResource) -> None:
        resource = op.resource
        self.stamps[resource.owner] += 1
        self.ledgers[resource.shard] += 1
        mine, key = self._resources[resource.owner], (resource.kind, resource.name)
        before, mine[key] = mine.get(key), resource
        if before is not None:
            self._let_go(before)
        held = _held(resource)
        if held and resource.state != "gone":
            self._holders.setdefault(held, set()).add(resource.key)

    def _let_go(self, resource: Resource) -> None:
        """The object no longer holds what it held."""
        held = _held(resource)
        if held in self._holders:
            self._holders[held].discard(resource.key)

    def _begin_use(self, op: BeginUse) -> None:
        use = op.use
        self.stamps[use.shard] += 1
        self._uses.setdefault(use.shard, {}).setdefault((use.kind, use.id), use)

    def _end_use(self, op: EndUse) -> None:
        mine, key = self._uses.get(op.shard, {}), (op.kind, op.id)
        self.stamps[op.shard] += 1
        if key in mine and mine[key].ended is None:
            mine[key] = replace(mine[key], ended=op.time)

    def _close_command(self, op: CloseCommand) -> None:
        self.stamps[op.target] += 1
        self._commands.get(op.target, {}).pop(op.token, None)

    def _put_secret(self, op: PutSecret) -> None:
        self.secrets[op.name] = op.sealed
        self._secrets_of[_owner(op.name)].add(op.name)

    def _drop_secrets(self, op: DropSecrets) -> None:
        owner = _owner(op.prefix)
        going = {name for name in self._secrets_of.get(owner, ()) if name.startswith(op.prefix)}
        for name in going:
            del self.secrets[name]
        self._secrets_of[owner] -= going
        if not self._secrets_of[owner]:
            del self._secrets_of[owner]

    def _put_signal(self, op: PutSignal) -> None:
        self._signals[op.signal.record][op.signal.name] = op.signal
        if op.signal.round == NO_ROUND:  # no step decides by it, but it is shown
            self.stamps[op.signal.record] += 1

    def _add_command(self, op: AddCommand) -> None:
        command = op.command
        if command.token not in self._tokens:
            self.stamps[command.target] += 1
            self._know_token(command.token, command.target)
            self._commands.setdefault(command.target, {})[command.token] = command

    def _know_token(self, token: str, target: str) -> None:
        self._tokens[token] = target
        self._tokens_of[target].add(token)

    def _drop(self, op: DropRecord) -> None:
        name = op.name
        self.stamps[name] += 1
        record = self.records.pop(name, None)
        if record is not None:
            self.transitions[record.shard] += 1
            self._members.get(record.shard, {}).pop(name, None)
            if record.name == record.shard and not self._members.get(name):
                self._members.pop(name, None)
                self._unsorted.discard(name)
        for names in self._where.values():
            names.discard(name)
        for resource in self._resources.pop(name, {}).values():
            self._let_go(resource)
        self._signals.pop(name, None)
        self._uses.pop(name, None)
        self._commands.pop(name, None)
        for token in self._tokens_of.pop(name, ()):
            del self._tokens[token]


def _held(resource: Resource) -> str | None:
    """The address of an object, or the key of a claim."""
    if resource.nature == "claim":
        return resource.name
    address: str | None = resource.data.get("address")
    return address


def _owner(secret: str) -> str:
    """Whose secret it is: what stands before the first stroke of its name."""
    return secret.partition("/")[0]


_FOLLOW: dict[type, Callable[[Mirror, Any], None]] = {
    PutRecord: Mirror._put_record,
    DropRecord: Mirror._drop,
    PutResource: Mirror._put_resource,
    BeginUse: Mirror._begin_use,
    EndUse: Mirror._end_use,
    PutSignal: Mirror._put_signal,
    AddCommand: Mirror._add_command,
    CloseCommand: Mirror._close_command,
    PutSecret: Mirror._put_secret,
    DropSecrets: Mirror._drop_secrets,
}
"""Op → how the memory follows it; of the log only the latest revision is remembered."""

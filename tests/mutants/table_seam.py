"""The rules of the seam: of platforms that are off, of secrets, claims and effects."""

from __future__ import annotations

from tests.mutants.mutant import ENGINE, STORE, Mutant

TOY = "tests/platforms/toy/test_toyland.py"
BLINK = "tests/platforms/toy/test_blink.py"
REMEDIES = (f"{ENGINE}/test_remedies.py",)
LIFE = ("tests/daemon/life",)
EFFECTS = (f"{ENGINE}/test_effects.py",)

MUTANTS: tuple[Mutant, ...] = (
    Mutant("daemon/engine/legality.py", "    if situation.absent:\n        return situation.absent\n", "",
           "nothing can be done with a record whose platform is off", (f"{TOY}::TestOff",)),
    Mutant("daemon/requests/sealing.py", "        return {\"sealed\": box.mark(plain[LITERAL])}\n", "        return plain\n",
           "no record holds the word of a secret", (f"{TOY}::TestSecrets",)),
    Mutant("daemon/engine/effects.py", "        if self._journal.clock.now() < asked + self._late(effect.kind):\n", "        if False:\n",
           "what was ordered may take effect late", EFFECTS),
    Mutant("daemon/engine/effects.py",
           "        if last.get(\"state\") == state and now < float(last[\"at\"]) + self._late(effect.kind):\n",
           "        if False:\n",
           "an order is not given twice while it may take effect", EFFECTS),
    Mutant("daemon/engine/effects.py", "            if now == effect.wanted:  # it stands", "            if False:  # it stands",
           "nothing is ordered that stands so already", EFFECTS),
    Mutant("daemon/store/memory.py", "if mine.claimed and any(", "if False and any(",
           "a key has one holder", STORE),
    Mutant("daemon/store/transaction.py", "        if CLAIMED in str(error):\n", "        if False:\n",
           "a key has one holder in the database", STORE),
    Mutant("daemon/life/gate.py", "    lost = len(members) - len(stopped) < least\n", "    lost = False\n",
           "a gate that cannot open tells a person", LIFE),
    Mutant("daemon/life/gate.py", "    if not missing and len(members)", "    if len(members)",
           "a standing cluster waits for a node that is on its way", LIFE),
    Mutant("daemon/life/join.py", "            if waiting is not None:\n                return waiting\n", "",
           "nodes join one after the other", LIFE),
    Mutant("daemon/life/join.py", "    if not out:\n        return None\n", "    if out:\n        return None\n",
           "a cluster lacks one member at a time", LIFE),
    Mutant("daemon/life/release.py", "        if member.state == \"rolled_back\":\n            await ctx.forget(member)\n", "        await ctx.forget(member)\n",
           "a node is forgotten once nothing of it is left", LIFE),
    Mutant("daemon/life/vetoes.py", "        if verb == \"rollback\" and cluster.facts.get(FORMED):\n", "        if False:\n",
           "a cluster that was active is not rolled back by mistake", LIFE),
    Mutant("daemon/life/replacing.py", "        unfit = [row for row in self._standing(rows) if is_unfit(row)]\n", "        unfit = list(self._standing(rows))\n",
           "a retry renews nothing that is good", LIFE),
    Mutant("daemon/engine/remedies.py", "    elif passes_by_itself(here, cluster):\n", "    elif False:\n",
           "no refusal names a deletion where time leads on", REMEDIES),
    Mutant("daemon/cli/waiting.py",
           "    return entity[\"phase\"] == \"failed\" or (bool(ways) and all(way[\"kind\"] == \"verb\" for way in ways))\n",
           "    return entity[\"phase\"] == \"failed\"\n",
           "nobody waits for what only a person can move", ("tests/daemon/cli/test_waiting.py",)),
    Mutant("daemon/platforms/ibm_nutanix/planned.py",
           "    return [step for step in tables.CLUSTER.steps if step not in idle]\n",
           "    return list(tables.CLUSTER.steps)\n",
           "a new cluster takes no time for what it does not do", ("tests/daemon/platforms/test_rules.py",)),
    Mutant("daemon/requests/audit.py", "            except NxdError as error:\n                error.mend_by(platform.remedies)\n                said",
           "            except KeyError as error:\n                said",
           "a cloud that cannot be asked is no end of an audit", ("tests/daemon/cli/test_scripts.py", "-k", "audit")),
    Mutant("daemon/engine/transitions.py", "**args.get(\"facts\", {}), **effect.facts}\n", "**args.get(\"facts\", {})}\n",
           "a platform's own verb sets what its row says", (BLINK,)),
    Mutant("daemon/engine/legality.py", "    if kind.effect(verb).deletes == \"always\" or args.get(\"leaving\"):\n",
           "    if args.get(\"leaving\"):\n",
           "a verb that deletes is refused while its cluster is protected", REMEDIES),
    Mutant("daemon/cli/__init__.py", "            return _told(ctx, module, name)\n", "            return None\n",
           "a platform's own verb is a command", (BLINK,)),
    Mutant("daemon/engine/engine.py", "        except OutsideError as error:\n            error.mend_by(platform.remedies)\n",
           "        except OutsideError as error:\n",
           "a wrong password says what to do on its own platform", (f"{TOY}::TestSecrets",)),
    Mutant("daemon/platforms/lint.py", "        if kind.rank <= 0:\n", "        if False:\n",
           "a manifest that lacks a rank is named", ("tests/platforms/test_manifests.py",)),
    Mutant("daemon/platforms/__init__.py", "            if lacks:\n", "            if False:\n",
           "a platform whose manifest lacks something is not used", ("tests/platforms/toy/test_clashes.py",)),
    Mutant("daemon/platforms/base.py", "        return LATE_SECONDS if known is None else known.late\n",
           "        return 0.0\n",
           "an accepted call may take effect as late as its kind says", EFFECTS),
)  # fmt: skip

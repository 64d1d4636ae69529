"""The mutants of what a person is told and asked: what needs him, when it is ready, what stands before a deletion."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

AHEAD = ("tests/nxtui/screens/test_typed_ahead.py",)

TROUBLE = ("tests/nxtui/screens/test_trouble.py",)
OUTLOOK = ("tests/daemon/outlook/test_standing.py", "tests/daemon/outlook/test_expectation.py",
           "tests/daemon/outlook/test_troubles.py")  # fmt: skip

MUTANTS: tuple[Mutant, ...] = (
    Mutant("daemon/display/timeline.py", "        told[at] = shown\n", "        told[at] = told[at] or shown\n",
           "no zoom hides a failure or a try anew", ("tests/daemon/display/test_timeline.py",)),
    Mutant("nxtui/draw/calls.py", "    return f'\"{TOKEN}\"'.join(", "    return HIDDEN.join(",
           "a call that is copied has a variable for each secret", ("tests/nxtui/screens/test_calls.py", "-k", "copies",)),
    Mutant("nxtui/screens/confirm.py", "        return self.is_awake\n", "        return True\n",
           "a question takes no key that was on its way when it opened", AHEAD),
    Mutant("nxtui/screens/confirm.py", " and self.typed and self.is_read\n", " and self.typed\n",
           "no yes counts before the last deletion was in sight", AHEAD),
    Mutant("nxtui/model/said.py", "if age < (NEW if one.level", "if age < (ANSWERING if one.level",
           "news do not hide a failure that is new", ("tests/nxtui/screens/test_said.py",)),
    Mutant("daemon/outlook/standing.py", '        if phase in ("failed", "attention"):\n',
           '        if phase == "failed":\n', "what only a person can move says so", OUTLOOK),
    Mutant("daemon/outlook/expectation.py", "    takes = here.measure.beyond(lasted) if here.measure else here.usual\n",
           "    takes = here.usual\n", "no estimate is told that is over already", OUTLOOK),
    Mutant("daemon/outlook/troubles.py", 'f"{self.code}\\n{self.subject}"', 'f"{self.code}"',
           "two causes with one code are not told as one", OUTLOOK),
    Mutant("nxtui/draw/renderer.py", "style += Style(reverse=not self._inks[ink].reverse)", "style += self._inks[ink]",
           "nothing vanishes in the selected row on sixteen colours", ("tests/nxtui/screens/test_few_colours.py",)),
    Mutant("nxtui/screens/history.py", " and not fleet.troubles", "",
           "a night is told of as over only where nothing waits for a person", ("tests/nxtui/screens/test_night.py",)),
    Mutant("nxtui/acts/following.py", " and screen.is_at_rest):", "):",
           "the cursor leaves nothing that a person has begun", TROUBLE),
    Mutant("daemon/memory/looks.py", "        if call.method in _LOOKS and id_:\n", "        if id_:\n",
           "a change is no look at what it changed", ("tests/daemon/memory/test_looks.py",)),
    Mutant("daemon/outlook/maps.py", "            row[\"old_at\"] = seen.at + seen.fresh\n", "            pass\n",
           "what was answered long ago is told as old", ("tests/daemon/outlook/test_maps.py",)),
    Mutant("nxtui/draw/map.py", 'ink = "dim" if old or row["sign"] == "unasked" else ""', 'ink = "ok"',
           "what nobody asked is not green", ("tests/nxtui/screens/test_map.py",)),
    Mutant("daemon/requests/drafts.py", "self._box.wrap(json.dumps(draft))", "json.dumps(draft).encode()",
           "a draft is kept sealed", ("tests/daemon/api/test_drafts.py",)),
    Mutant("daemon/requests/spec_marks.py", '            return "another secret"\n', "            return str(value)\n",
           "no secret is told beside a line of a spec", ("tests/daemon/requests/test_spec_marks.py",)),
    Mutant("nxtui/screens/audit.py", "word=str(len(names))", "word=None",
           "strays go once their number was typed", ("tests/nxtui/screens/test_looking.py", "-k", "typed",)),
    Mutant("nxtui/draw/plans.py", '            return "(a secret)"\n', "            return str(value)\n",
           "a plan shows no secret", ("tests/nxtui/draw/test_plans.py",)),
    Mutant("nxtui/draw/plans.py", '    owners.sort(key=lambda owner: min(ORDER.index(item["action"]) for item in of[owner]))\n', "",
           "who loses something by a plan stands first", ("tests/nxtui/draw/test_plans.py",)),
    Mutant("nxtui/model/scrub.py", '    if event["level"] == "error":\n        return "failed"\n', "",
           "a replay marks every failure", ("tests/nxtui/model/test_scrub.py",)),
    Mutant("nxtui/acts/keystrokes.py", "        return len(self._received) == MANY and ", "        return False and ",
           "keys that nobody typed do nothing that needs no consent", AHEAD),
    Mutant("nxtui/acts/sending.py", 'prompt._replace(consent="ask")', "prompt",
           "a verb that is given by its words asks", AHEAD),
    Mutant("nxtui/screens/spec.py", "        self._kept = begun\n", '        self._kept = ""\n',
           "what was not changed is no draft", ("tests/nxtui/captive/test_editor.py",)),
    Mutant("nxtui/draw/map.py", "        if box[\"name\"] in placed:\n            return []\n", "",
           "boxes that are inside each other are drawn", ("tests/nxtui/screens/test_map.py",)),
)  # fmt: skip

"""The mutants of the window: what stands between a key and a deletion."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

AHEAD = ("tests/nxtui/screens/test_typed_ahead.py",)

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
)  # fmt: skip
